"""Builds the reference site."""

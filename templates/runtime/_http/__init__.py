"""Requests to the API: over which connection, within which time, and whether they left."""

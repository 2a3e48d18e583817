"""Downloading a result's files: streamed, resumed, and given their names only when whole."""

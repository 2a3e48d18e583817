"""HTTP: connections, and answers that come in time; for the API and for files."""

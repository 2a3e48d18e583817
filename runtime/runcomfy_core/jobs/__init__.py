"""A job's life, as operations that a thread or an event loop performs."""

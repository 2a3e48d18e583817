"""Files on other people's servers: the fetcher for media checks and downloads."""

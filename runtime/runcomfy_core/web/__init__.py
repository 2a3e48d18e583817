"""Files of strangers: which addresses, ranges and deadlines; for media checks and downloads."""

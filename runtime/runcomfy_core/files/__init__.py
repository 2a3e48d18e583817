"""Local files, bytes and data URIs, and telling what type any file is."""

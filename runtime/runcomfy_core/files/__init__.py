"""Files: of this machine, and what kind of file any is."""

"""Many jobs at once, with a limit on how many are under way."""

"""Many jobs at once: how many are under way, and what each of them came to."""

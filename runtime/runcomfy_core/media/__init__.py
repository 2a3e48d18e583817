"""Media in inputs: what a field accepts, what is checked before money is spent, how it is sent."""

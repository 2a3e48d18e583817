"""The values of inputs: checks that generated modules call, problems, and conversion to JSON."""

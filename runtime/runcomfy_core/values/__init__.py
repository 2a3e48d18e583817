"""The values of inputs and outputs: checks, problems, string formats, and conversion to JSON."""

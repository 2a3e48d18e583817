"""A model as users see it: its inputs and outputs, its help, and the catalog of models."""

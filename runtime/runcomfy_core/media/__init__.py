"""Media: what a field takes, what is checked of it before it is paid for, and how it is sent."""

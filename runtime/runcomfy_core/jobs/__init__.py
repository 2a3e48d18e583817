"""The life of a job (submit, wait, cancel, result), and the rules about paying."""

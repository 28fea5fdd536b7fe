"""The schema of the history, step by step."""

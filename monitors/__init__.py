"""Whether the promise is kept, over time."""

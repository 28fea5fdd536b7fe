"""What is promised, and how one exchange is held to it."""

"""What remains: measurements, incidents and messages, on SQLite or PostgreSQL."""

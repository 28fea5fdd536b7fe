"""How an incident becomes a message: rendering, channels, outbox."""

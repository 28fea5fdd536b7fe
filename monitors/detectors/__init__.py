"""From one exchange to findings: one module per kind, one table."""

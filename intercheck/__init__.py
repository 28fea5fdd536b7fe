"""The front door: commands, settings, wiring and exit codes."""

__version__ = "0.1.0"

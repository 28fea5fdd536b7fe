"""The learned shape of an operation's answers: what is usual in them, and what has changed."""

from monitors.shapes.changes import Change, successor
from monitors.shapes.learning import digest, keyed_hash, learn
from monitors.shapes.state import State

__all__ = ["Change", "State", "digest", "keyed_hash", "learn", "successor"]

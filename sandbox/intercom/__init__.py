"""A local Intercom."""

from sandbox.intercom.faults import FAULTS, Condition, Fault
from sandbox.intercom.sandbox import Sandbox

__all__ = ["FAULTS", "Condition", "Fault", "Sandbox"]

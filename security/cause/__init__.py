"""Who brought a revision about, with what, and in which deployment."""

from security.cause.find import find_causes
from security.cause.read import Cause, causes_of

__all__ = ["Cause", "causes_of", "find_causes"]

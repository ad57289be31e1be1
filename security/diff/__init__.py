"""What is different between two configurations, element by element and never by position."""

from security.diff.compare import Op, compare
from security.diff.words import summary_of

__all__ = ["Op", "compare", "summary_of"]

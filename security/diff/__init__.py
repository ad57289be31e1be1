"""What is different between two configurations, element by element and never by position."""

from security.diff.apply import apply
from security.diff.compare import Op, compare
from security.diff.words import Line, lines_of, summary_of

__all__ = ["Line", "Op", "apply", "compare", "lines_of", "summary_of"]

"""The one matcher language: `{severity=~"critical|high", service="billing", value>"90"}`.

Alertmanager's syntax with anchored RE2 patterns and number comparisons. The same text works as a
predicate on one event (`Matchers.matches`) and as a filter on many rows (`filter_queryset`).
"""

from opsportal.lib.matchers.errors import MatcherError
from opsportal.lib.matchers.language import Matcher, Matchers
from opsportal.lib.matchers.parse import parse_matchers
from opsportal.lib.matchers.query import filter_queryset
from opsportal.lib.matchers.rows import OPERATORS, Row, rows_to_text, text_to_rows

__all__ = [
    "OPERATORS",
    "Matcher",
    "MatcherError",
    "Matchers",
    "Row",
    "filter_queryset",
    "parse_matchers",
    "rows_to_text",
    "text_to_rows",
]

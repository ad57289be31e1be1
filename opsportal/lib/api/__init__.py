"""What every endpoint shares: errors, pages, times, the schema, the parser of bodies."""

from opsportal.lib.api.errors import handle_error
from opsportal.lib.api.pages import KeysetPagination
from opsportal.lib.api.times import parse_future, parse_time, parse_time_range

__all__ = ["KeysetPagination", "handle_error", "parse_future", "parse_time", "parse_time_range"]

"""What is wrong with a matcher text."""

from opsportal.lib.errors import PayloadError


class MatcherError(PayloadError):
    """A matcher text that cannot be understood; `column` counts characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"Matchers, column {column}: {message}")
        self.column = column

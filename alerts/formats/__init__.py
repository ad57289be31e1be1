"""Alert formats: each turns one contract's body into events, and our receipts into its answer.

To add one: copy the nearest file here, name it in settings.ALERT_FORMATS, and give it fixtures, a
test file, and a row in docs/senders.md.
"""

from collections.abc import Sequence

from alerts.normalise import Receipt
from opsportal.lib.contracts import Format, Parsed, Reply


class AlertFormat(Format):
    """The base of a format of alerts."""

    scope = "alerts:write"

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """The contract's answer to what was stored."""
        raise NotImplementedError

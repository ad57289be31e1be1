"""Change formats: each turns one contract's body into changes, and our receipts into its answer.

To add one: copy the nearest file here, name it in settings.CHANGE_FORMATS, and give it fixtures, a
test file, and a row in docs/senders.md.
"""

from collections.abc import Sequence

from chronos.normalise import ChangeReceipt
from opsportal.lib.contracts import Format, Parsed, Reply


class ChangeFormat(Format):
    """The base of a format of changes: `parse` gives `Parsed(changes=[...])`.

    A change without source is the key's, one without actor was made by the key.
    """

    scope = "events:write"

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """The contract's answer to what was recorded."""
        raise NotImplementedError

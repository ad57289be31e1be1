"""How reading ended without a chain."""

from certs.tls.reading import Result


class Failed(Exception):  # noqa: N818  (an answer, not an error of ours)
    """The other side, or the way to it, gave no chain. `first`: the bytes it said instead."""

    def __init__(
        self, result: Result, detail: str, *, alert: int | None = None, first: bytes = b""
    ) -> None:
        super().__init__(detail)
        self.result = result
        self.detail = detail
        self.alert = alert
        self.first = first

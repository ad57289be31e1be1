"""Replies of three digits and text, of one or several lines (RFC 5321, 4.2.1; RFC 959, 4.2)."""

from dataclasses import dataclass

from certs.tls.wire import Wire


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` is of the last line; `lines` are without codes, where they have them."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def words(self) -> bytes:
        """As the server said it."""
        return b"%d %s" % (self.code, b" ".join(self.lines))


async def read_reply(wire: Wire) -> Reply:
    """One reply, however it is cut into packets. FTP's inner lines need no code. Raises Failed."""
    lines: list[bytes] = []
    first = b""
    while True:
        line = await wire.line()
        code, mark = line[:3], line[3:4]
        whole = len(code) == 3 and code.isdigit() and mark in (b" ", b"-", b"")
        if not first:
            if not whole:
                raise wire.unexpected("no reply of three digits came")
            first = code
        inner = not whole or code != first
        lines.append(line if inner else line[4:])
        if not inner and mark != b"-":
            return Reply(int(code), tuple(lines))

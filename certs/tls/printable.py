"""What a server said, fit to be stored and shown."""

import unicodedata

# Characters.
LIMIT = 200


def printable(said: bytes, limit: int = LIMIT) -> str:
    """As text in one line: what is no UTF-8 is escaped, what steers a terminal or a page is not
    kept (control and format characters, such as those that turn the writing direction)."""
    # A character has at most four bytes.
    text = said[: limit * 4].decode("utf-8", "backslashreplace")
    kept = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    words = " ".join(kept.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def escaped(data: bytes) -> str:
    """Bytes as printable ASCII, the others as in `\\x16`."""
    return "".join(
        chr(each) if 0x20 <= each < 0x7F and each != 0x5C else f"\\x{each:02x}" for each in data
    )

"""Strangers' texts as people may read them."""

import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible(text: object) -> str:
    """What cannot be seen, or turns a text around, is shown by its number."""
    plain = str(text or "")
    if plain.isprintable():
        return plain
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) in _UNSEEN else c for c in plain)

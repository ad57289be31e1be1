"""Texts of certificates, made fit to be stored and shown."""

import re

# Controls, which hide what follows (and NUL, which PostgreSQL refuses); marks that turn the
# direction of writing; separators of lines; halves of surrogate pairs.
_UNSHOWABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


def visible(text: str) -> str:
    r"""The text with what nobody can see written out, such as \x00."""
    return _UNSHOWABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

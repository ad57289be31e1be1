"""RE2 patterns as PostgreSQL's advanced regular expressions, for the common subset of both.

What differs (flags, Unicode classes, word boundaries, anchors inside) is not translated; the
caller then has another way. Lazy repeats become plain ones: a match is always of the whole text.
"""

import re
from functools import lru_cache

MAX_TRANSLATED = 300
# PostgreSQL unrolls counted repeats; so many states are quick to compile.
MAX_REPEATED = 60

_TOKEN = re.compile(
    r"""
      (?P<plain> [^\\.+*?()\[\]{}^$|] )
    | (?P<dot> \. )
    | (?P<escaped> \\[][.+*?(){}^$|\\/_:@%&=<>!~#,;'"-] )
    | \\(?P<kind> [dDwWsS] )
    | \[ (?P<negated> \^? )
         (?P<set> (?: [A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9_.:/@,;=%& ] | \\[dws] | \\[].\\/:-] )+
                  -? )
      \]
    | (?P<open> \( (?: \?: | (?!\?) ) )
    | (?P<close> \) )
    | (?P<or> \| )
    | (?: (?P<star> [*+?] ) | \{ (?P<least> [0-9]{1,2} ) (?P<comma> ,? ) (?P<most> [0-9]{0,2} ) \} )
      \??
    """,
    re.VERBOSE,
)
# RE2's classes are ASCII; PostgreSQL's follow the locale.
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CLASS = re.compile(r"\\([dws])")
# Without regard to case; RE2 folds as Unicode does, by which two letters have a third form.
_FOLD = "(?i)"
_THIRD_FORMS = {"k": "\u212a", "s": "\u017f"}


@lru_cache(maxsize=1024)
def posix_pattern(pattern: str) -> str | None:
    """An expression that PostgreSQL matches to exactly the same texts; None: there is none."""
    if len(pattern) > MAX_TRANSLATED:
        return None
    fold = pattern.startswith(_FOLD)
    parts, at, repeated = [], len(_FOLD) if fold else 0, 1
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None or (fold and not _foldable(token)):
            return None
        if token["least"]:
            repeated *= max(int(token["least"]), int(token["most"] or 0))
            if not 0 < repeated <= MAX_REPEATED:
                return None
        parts.append(_folded(token["plain"]) if fold and token["plain"] else _translate(token))
        at = token.end()
    return f"***:^(?:{''.join(parts)})$"


def _foldable(token: re.Match[str]) -> bool:
    """Whether the token means the same without regard to case, or can be written out so."""
    if token["plain"]:
        return token["plain"].isascii()
    letters = re.sub(r"\\[ds]", "", token["set"] or "")
    return token["kind"] not in {"w", "W"} and not re.search("[A-Za-z]", letters)


def _folded(plain: str) -> str:
    lower = plain.lower()
    return f"[{lower}{plain.upper()}{_THIRD_FORMS.get(lower, '')}]" if plain.isalpha() else plain


def _translate(token: re.Match[str]) -> str:
    if token["dot"]:
        return r"[^\n]"
    if token["open"]:
        return "(?:"
    if token["kind"]:
        kind = token["kind"]
        return f"[{'^' if kind.isupper() else ''}{_CLASSES[kind.lower()]}]"
    if token["set"]:
        members = _CLASS.sub(lambda found: _CLASSES[found.group(1)], token["set"])
        return f"[{token['negated']}{members}]"
    if token["star"]:
        return token["star"]
    if token["least"]:
        return f"{{{token['least']}{token['comma']}{token['most']}}}"
    return token.group()

"""What a file holds, gathered while it is read."""

from dataclasses import dataclass, field

from certs.x509.parse import CertificateError, parse_certificate
from certs.x509.parsed import Parsed
from certs.x509.text import visible

# Of one file. A bundle of all public roots has some 150.
MAX_CERTIFICATES = 10_000
_MAX_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate of a file. `position` is from 0, `alias` the name a keystore has for it."""

    parsed: Parsed
    alias: str
    position: int
    # Whether its private key is in the same file.
    has_key: bool
    # How often it is there.
    count: int = 1

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.parsed.der


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds. Private keys are noticed, and never kept.

    `troubles` say what should have been read and could not; `notes` what else is there.
    """

    format: str
    entries: tuple[Entry, ...] = ()
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Known:
    parsed: Parsed
    alias: str
    has_key: bool
    count: int = 1


@dataclass(slots=True)
class Gathering:
    """What was found so far; the same certificate again only counts."""

    known: dict[bytes, _Known | None] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    left_out: int = 0

    def add(self, der: bytes, alias: str = "", *, has_key: bool = False, where: str = "") -> None:
        """A certificate; one that cannot be read is a trouble."""
        if der in self.known:
            if there := self.known[der]:
                there.count += 1
                there.has_key |= has_key
            return
        if len(self.known) >= MAX_CERTIFICATES:
            self.left_out += 1
            return
        self.known[der] = None
        try:
            parsed = parse_certificate(der)
        except CertificateError as error:
            self.trouble(f"{where or f'Certificate {len(self.known)}'}: {error.message}")
            return
        self.known[der] = _Known(parsed, visible(alias), has_key)

    def trouble(self, text: str) -> None:
        """Something could not be read."""
        self.troubles[text] = self.troubles.get(text, 0) + 1

    def note(self, text: str) -> None:
        """Something else is there."""
        self.notes[text] = self.notes.get(text, 0) + 1

    def mark_first(self) -> None:
        """A private key is there and does not say whose: by custom that of the first."""
        first = next((each for each in self.known.values() if each), None)
        if first:
            first.has_key = True

    def contents(self, kind: str) -> Contents:
        """All of it."""
        if self.left_out:
            self.trouble(
                f"More than {MAX_CERTIFICATES} certificates; {self.left_out} are left out."
            )
        entries = (each for each in self.known.values() if each)
        return Contents(
            kind,
            tuple(
                Entry(each.parsed, each.alias, position, each.has_key, each.count)
                for position, each in enumerate(entries)
            ),
            _texts(self.troubles),
            _texts(self.notes),
        )


def _texts(counted: dict[str, int]) -> tuple[str, ...]:
    texts = [f"{text} ({many} times)" if many > 1 else text for text, many in counted.items()]
    if len(texts) > _MAX_MESSAGES:
        texts = [*texts[:_MAX_MESSAGES], f"And {len(texts) - _MAX_MESSAGES} more."]
    return tuple(texts)

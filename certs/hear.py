"""Entries of CT logs that a monitor posts: those for names of ours are kept."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certs.change import save_source
from certs.discover import take_in
from certs.discover.stored import Stored
from certs.models import Source
from certs.normalise import FoundCertificate
from certs.sources.ct import EntryError, LogEntry, found_in, our_domains, read_leaf
from certs.sources.ct.push import PushedEntries
from certs.x509.containers import read_container
from opsportal.accounts.actors import PORTAL
from opsportal.lib.errors import ConflictError, FieldError, PayloadError

NAME = "CT entries, pushed"
MOST_ENTRIES, _MOST_TEXT, _LARGEST = 1000, 200_000, 2**62


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a post: kept are those for names of ours, of which some were new."""

    kept: int
    new: int
    ignored: int


def hear_entries(log: str, entries: Sequence[Mapping[str, Any]], *, now: datetime) -> Heard:
    """Store those that are ours. Raises PayloadError for all at once: nothing is stored then.

    An entry has `index`, and `leaf_input` and `extra_data` as get-entries gives them (RFC 6962,
    4.6), or `certificate`: PEM, or base64 of DER.
    """
    domains = our_domains()
    errors: list[FieldError] = []
    found: list[FoundCertificate] = []
    for number, given in enumerate(entries):
        try:
            for each in found_in(_entry(given), log, _index(given), domains):
                if isinstance(each, FoundCertificate):
                    found.append(each)
                else:
                    raise PayloadError(each.message)
        except PayloadError as error:
            errors.append(FieldError(f"entries.{number}", error.message))
    if errors:
        text = "; ".join(f"{each.field}: {each.message}" for each in errors[:10])
        raise PayloadError(f"Not all entries can be read: {text}", errors[:100])
    stored = Stored()
    if found:
        take_in(_source(now), iter(found), stored, clock=lambda: now)
    return Heard(stored.found, stored.new, len(entries) - len(found))


def _source(now: datetime) -> Source:
    """The one that what is pushed belongs to."""
    known = Source.objects.filter(kind=PushedEntries.slug).order_by("pk")
    if source := known.first():
        return source
    source = Source(name=NAME, kind=PushedEntries.slug)
    try:
        save_source(source, {}, actor=PORTAL, now=now)
    except (ConflictError, PayloadError):
        # Somebody else was quicker.
        if found := known.first():
            return found
        raise
    return source


def _index(given: Mapping[str, Any]) -> int:
    index = given.get("index")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < _LARGEST:
        raise PayloadError("index: the entry's number in the log, from 0")
    return index


def _entry(given: Mapping[str, Any]) -> LogEntry:
    """Raises PayloadError."""
    if "leaf_input" in given:
        return read_leaf(_base64(given, "leaf_input"), _base64(given, "extra_data"))
    text = given.get("certificate")
    if not isinstance(text, str) or not text:
        raise PayloadError("give leaf_input and extra_data, or a certificate")
    if len(text) > _MOST_TEXT:
        raise PayloadError(f"certificate: has more than {_MOST_TEXT} characters")
    if "-----BEGIN" in text:
        contents = read_container(text.encode(errors="replace"))
        if not contents.entries:
            raise PayloadError("certificate: no certificate in this PEM")
        der = contents.entries[0].der
    else:
        der = _base64(given, "certificate")
    return LogEntry(der, 0)


def _base64(given: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(given.get(name) or "", validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise EntryError(f"{name}: is not in base64") from None

"""A log of certificate transparency, read from where the last run ended."""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from certs.normalise import Found, FoundCursor, FoundTrouble
from certs.sources.ct.entries import EntryError, LogEntry, read_leaf, read_tile
from certs.sources.ct.heads import LogKey, TreeHead, load_key, read_checkpoint, read_sth
from certs.sources.ct.ours import found_in, our_domains
from certs.sources.fetch import (
    CA,
    MOST_BYTES,
    RefusedError,
    base_url,
    check_base,
    fetch,
    fetch_json,
)
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from opsportal.lib.errors import FieldError

# Entries of one run, of one request, and of a tile (c2sp.org/static-ct-api).
MOST, BATCH, TILE = 200_000, 1000, 256
RFC6962, STATIC = "rfc6962", "static-ct"
Entry = LogEntry | EntryError


class TransparencyLog(CertificateSource):
    """What was issued for names below our domains, by whomever."""

    slug = "ct-log"
    label = "CT log"
    noun = "entry"
    help = "A log of certificate transparency; of its entries those for names of ours are kept."
    interval = timedelta(minutes=10)
    lists_all = False
    options = (
        Option("url", "URL", required=True,
               help="Of the log (RFC 6962), or its monitoring prefix (static-ct)."),
        Option("api", "API", kind="choice", choices=(RFC6962, STATIC), default=RFC6962),
        Option("key", "Public key", kind="document",
               help="PEM, or base64 as in lists of logs; with it, the log's signature is checked."),
        Option("start", "First entry", kind="number",
               help="Where the first run begins; empty: at the end, so that only new ones count."),
        CA,
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """The URL and the key."""
        del secret
        wrong = check_base(options)
        if key := options.get("key"):
            try:
                load_key(key)
            except SourceError as error:
                wrong.append(FieldError("key", str(error)))
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """From the cursor to the log's end, or so far as one run goes."""
        domains = our_domains()
        if not domains:
            raise SourceError("No domain is ours yet: nothing would be kept. Add domains first.")
        key = load_key(ask.options["key"]) if ask.options.get("key") else None
        static = ask.options.get("api") == STATIC
        api: _Api = _StaticApi(ask) if static else _Rfc6962Api(ask)
        head = api.head(key)
        cursor = ask.cursor if ask.cursor.get("url") == base_url(ask.options) else {}
        _check_growth(head, cursor)
        start = ask.options.get("start")
        place: int = cursor.get("next", head.size if start is None else min(start, head.size))
        log = base_url(ask.options).partition("://")[2]
        end = min(head.size, place + MOST)
        yield _cursor(ask, head, place)
        while place < end:
            entries = api.entries(place, end, head.size)
            if not entries:
                raise SourceError(f"It gives no entry {place}, of {head.size}.")
            for index, entry in enumerate(entries, place):
                if isinstance(entry, EntryError):
                    yield FoundTrouble(f"{log}/{index}", entry.message)
                else:
                    yield from found_in(entry, log, index, domains)
            place += len(entries)
            yield _cursor(ask, head, place)


def _cursor(ask: Ask, head: TreeHead, place: int) -> FoundCursor:
    return FoundCursor(
        {
            "url": base_url(ask.options), "next": place, "size": head.size,
            "root": base64.b64encode(head.root).decode(),
        }
    )  # fmt: skip


def _check_growth(head: TreeHead, cursor: Mapping[str, Any]) -> None:
    """Append-only: it never gets smaller, nor another at one size. Raises SourceError."""
    size = cursor.get("size", 0)
    if head.size < size:
        raise SourceError(f"The log has shrunk, from {size} entries to {head.size}.")
    root = base64.b64encode(head.root).decode()
    if head.size == size and cursor.get("root", root) != root:
        raise SourceError(f"The log has changed: at {size} entries it has another root.")


class _Api(Protocol):
    def head(self, key: LogKey | None) -> TreeHead:
        """The newest."""

    def entries(self, start: int, end: int, size: int) -> Sequence[Entry]:
        """From `start` on, as many as come at once, and none from `end` on."""


class _Rfc6962Api:
    def __init__(self, ask: Ask) -> None:
        self.url, self.roots = base_url(ask.options), ask.options.get("ca") or ""

    def head(self, key: LogKey | None) -> TreeHead:
        return read_sth(fetch_json(f"{self.url}/ct/v1/get-sth", roots=self.roots), key)

    def entries(self, start: int, end: int, size: int) -> Sequence[Entry]:
        del size
        last = min(end, start + BATCH) - 1
        answer = fetch_json(
            f"{self.url}/ct/v1/get-entries?start={start}&end={last}", roots=self.roots
        )
        found = answer.get("entries") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise SourceError("It answered no entries.")
        return [_leaf(each) for each in found[: last + 1 - start]]


def _leaf(given: Any) -> Entry:
    try:
        leaf, extra = (
            base64.b64decode(given[name], validate=True) for name in ("leaf_input", "extra_data")
        )
        return read_leaf(leaf, extra)
    except EntryError as error:
        return error
    except (KeyError, TypeError, ValueError, binascii.Error):
        return EntryError("The entry is not what RFC 6962 says.")


class _StaticApi:
    def __init__(self, ask: Ask) -> None:
        self.url, self.roots = base_url(ask.options), ask.options.get("ca") or ""

    def head(self, key: LogKey | None) -> TreeHead:
        return read_checkpoint(self._get("checkpoint"), key)

    def entries(self, start: int, end: int, size: int) -> Sequence[Entry]:
        number = start // TILE
        width = min(size - number * TILE, TILE)
        path = f"tile/data/{tile_path(number)}"
        try:
            data = self._get(path if width == TILE else f"{path}.p/{width}")
        except RefusedError as error:
            # A partial one may go once there is the full one.
            if width == TILE or error.status != 404:
                raise
            data = self._get(path)
        try:
            found = list(read_tile(data))
        except EntryError as error:
            raise SourceError(f"Its tile {path} cannot be read: {error.message}") from error
        if len(found) < width:
            raise SourceError(f"Its tile {path} has {len(found)} entries, and should have {width}.")
        return found[start % TILE : min(end, number * TILE + width) - number * TILE]

    def _get(self, path: str) -> bytes:
        headers = {"Accept-Encoding": "gzip"}
        answer = fetch(f"{self.url}/{path}", headers=headers, roots=self.roots)
        if answer.headers.get("content-encoding", "").lower() != "gzip":
            return answer.body
        try:
            unpacking = zlib.decompressobj(wbits=31)
            data = unpacking.decompress(answer.body, MOST_BYTES)
        except zlib.error as error:
            raise SourceError(f"Its {path} is no gzip: {error}") from error
        if unpacking.unconsumed_tail:
            raise SourceError(f"Its {path} unpacks to more than {MOST_BYTES} bytes.")
        return data


def tile_path(number: int) -> str:
    """Of a tile's number: 1234067 is x001/x234/067."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return "/".join(parts)

"""Logs of CT are read from where the last run ended, checked, and only what is ours is kept."""

import gzip
from typing import Any

import pytest

from certs.models import Domain
from certs.normalise import Found, FoundCertificate, FoundCursor, FoundTrouble
from certs.sources import Ask, SourceError
from certs.sources.ct.log import TransparencyLog, tile_path
from certs.x509 import parse_certificate
from tests.certs.logs import Log, Logged, b64, logged_before_issue
from tests.certs.pki import NOW, intermediate, new_key
from tests.certs.standing_in import standing_in

pytestmark = pytest.mark.django_db
CA = intermediate()
KEY = new_key()
OURS = CA.issue("shop.ours.test", key=KEY)
PRE, FINAL = logged_before_issue(CA, "*.ours.test", key=KEY)
THEIRS = CA.issue("www.theirs.test", "ours.test.evil.test", "notours.test", key=KEY)
APIS = pytest.mark.parametrize("api", ["rfc6962", "static-ct"])


@pytest.fixture(autouse=True)
def domain() -> None:
    Domain.objects.create(name="ours.test")


def look(
    log: Any, api: str, cursor: dict[str, Any] | None = None, **options: Any
) -> tuple[list[Found], dict[str, Any]]:
    """What a run finds, and the cursor after it; the cursor's URL is this run's."""
    with standing_in(log) as server:
        given = {"url": server.url, "api": api, "start": 0, **options}
        before = {**cursor, "url": server.url} if cursor else {}
        assert TransparencyLog().check(given, {}) == []
        found = list(TransparencyLog().look(Ask(given, {}, NOW, cursor=before)))
        cursors = [each.value for each in found if isinstance(each, FoundCursor)]
        return found, dict(cursors[-1])


def indices(found: list[Found]) -> list[int]:
    return [int(f.locator.rpartition("/")[2]) for f in found if isinstance(f, FoundCertificate)]


def full(log: Log, to: int) -> Log:
    log.entries += [Logged(THEIRS)] * (to - len(log.entries))
    return log


@APIS
def test_what_is_ours_is_kept_and_the_next_run_goes_on(api):
    log = Log([Logged(OURS), Logged(THEIRS), PRE], at_once=2)
    found, cursor = look(log, api, key=log.public)
    assert indices(found) == [0, 2]
    assert (cursor["next"], cursor["size"]) == (3, 3)
    pre = next(each for each in found[::-1] if isinstance(each, FoundCertificate))
    assert pre.parsed.is_precertificate
    assert pre.facts["precertificate"] is True
    assert pre.facts["logged_at"].startswith("2026-03-02T12:00:00")
    log.entries.append(Logged(OURS))
    found, cursor = look(log, api, cursor, key=log.public)
    assert indices(found) == [3]
    found, _ = look(log, api, cursor)
    assert indices(found) == []


@APIS
def test_a_precertificate_is_known_by_what_its_certificate_will_be(api):
    found, _ = look(Log([PRE]), api)
    (pre,) = [each for each in found if isinstance(each, FoundCertificate)]
    assert pre.parsed.tbs_sha256 == FINAL.parsed.tbs_sha256
    assert pre.parsed.sha256 != FINAL.parsed.sha256
    # It can be told from the precertificate alone as well.
    assert parse_certificate(PRE.issued.der).tbs_sha256 == FINAL.parsed.tbs_sha256


@APIS
def test_the_first_run_begins_at_the_end_where_no_start_is_given(api):
    log = full(Log([Logged(OURS)]), 5)
    found, cursor = look(log, api, start=None)
    assert (indices(found), cursor["next"]) == ([], 5)


@APIS
def test_a_log_that_shrinks_or_changes_is_an_error(api):
    log = full(Log(), 5)
    _, cursor = look(log, api)
    log.entries.pop()
    with pytest.raises(SourceError, match="shrunk, from 5 entries to 4"):
        look(log, api, cursor)
    log.entries.append(Logged(OURS))
    with pytest.raises(SourceError, match="another root"):
        look(log, api, cursor)


@APIS
def test_a_head_that_another_signed_is_an_error(api):
    log = full(Log(), 3)
    with pytest.raises(SourceError, match="not signed with the log's key"):
        look(log, api, key=Log().public)


def test_tiles_are_read_across_their_ends_and_full_ones_where_partials_are_gone():
    log = full(Log([Logged(OURS)]), 255)
    log.entries += [PRE, Logged(OURS)]
    found, cursor = look(log, "static-ct", key=log.public)
    assert indices(found) == [0, 255, 256]
    # The checkpoint of a smaller tree, by the time the tile is full.
    older = Log(log.entries[:10])
    log.no_partials = True

    def between(method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        asked = older if path == "/checkpoint" else log
        answered: tuple[int, Any] = asked(method, path, headers)
        return answered

    found, cursor = look(between, "static-ct")
    assert (indices(found), cursor["next"]) == ([0], 10)


@pytest.mark.parametrize(
    ("number", "path"), [(0, "000"), (273, "273"), (1234067, "x001/x234/067"), (1000, "x001/000")]
)
def test_paths_of_tiles_are_those_of_the_specification(number, path):
    assert tile_path(number) == path


def test_entries_that_cannot_be_read_are_troubles_and_the_rest_is_read():
    log = Log([Logged(OURS)] * 3)
    broken = [
        {"leaf_input": "!"},
        {"leaf_input": b64(b"\0\0"), "extra_data": ""},
        Logged(OURS).as_json(),
    ]

    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        return (200, {"entries": broken}) if "get-entries" in path else log(method, path, headers)

    found, cursor = look(answer, "rfc6962")
    troubles = [each.locator.rpartition("/")[2] for each in found if isinstance(each, FoundTrouble)]
    assert (troubles, indices(found), cursor["next"]) == (["0", "1"], [2], 3)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"entries": []}', b'{"entries": 1}', b"[]"])
def test_a_log_that_gives_no_entries_does_not_go_on(body):
    log = full(Log(), 3)

    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        return (200, body) if "get-entries" in path else log(method, path, headers)

    with pytest.raises(SourceError):
        look(answer, "rfc6962")


@pytest.mark.parametrize(
    "note",
    [b"", b"\xff", b"a\nb\nc\n\n", b"a\n-1\nAAAA\n\n", b"a\n3\nAAAA\n\n", b"a\n" + b"9" * 90],
)
def test_what_is_no_checkpoint_is_an_error(note):
    with pytest.raises(SourceError, match="checkpoint"):
        look(lambda *_: (200, note), "static-ct")


@pytest.mark.parametrize("tile", [b"\0" * 7, gzip.compress(b"x", mtime=0)], ids=["short", "zipped"])
def test_a_tile_that_cannot_be_read_is_an_error(tile):
    log = full(Log(), 3)

    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        return (200, tile) if "tile" in path else log(method, path, headers)

    with pytest.raises(SourceError, match="tile"):
        look(answer, "static-ct")


def test_without_domains_nothing_is_read():
    Domain.objects.all().delete()
    with pytest.raises(SourceError, match="Add domains first"):
        look(Log(), "rfc6962")


def test_a_key_that_is_none_is_told():
    for key in ("nothing", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----"):
        wrong = TransparencyLog().check({"url": "https://log.test", "key": key}, {})
        assert [each.field for each in wrong] == ["key"]

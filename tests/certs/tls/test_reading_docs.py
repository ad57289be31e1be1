"""docs/certs-reading.md says what the code does."""

from pathlib import Path

from django.conf import settings

from certs.tls import PROTOCOLS, Result
from certs.tls.stream import (
    CONCURRENCY,
    PER_HOST,
    PER_NETWORK,
    SOCKETS_PER_HOST,
    SOCKETS_PER_NETWORK,
)

PAGE = (Path(settings.BASE_DIR) / "docs" / "certs-reading.md").read_text()
ROWS = [
    [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]


def test_every_protocol_has_its_row() -> None:
    assert [row for row in ROWS if row[0] in PROTOCOLS] == [
        [slug, each.title, ", ".join(map(str, each.ports)), each.source]
        for slug, each in PROTOCOLS.items()
    ]


def test_every_result_has_its_row() -> None:
    assert {row[0] for row in ROWS if row[0] not in PROTOCOLS} == set(Result)


def test_the_caps_are_those_of_the_code() -> None:
    assert CONCURRENCY == 200
    assert f"at most {PER_HOST} at one address and {PER_NETWORK} in one network" in PAGE
    assert f"{SOCKETS_PER_HOST} at an address and {SOCKETS_PER_NETWORK} in a network" in PAGE

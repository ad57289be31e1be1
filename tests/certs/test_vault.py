"""Vault's PKI as a source, against a small HTTP server that answers as its API does."""

from typing import Any

import pytest

from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import Ask, SourceError
from certs.sources.vault import VaultPki
from tests.certs.pki import NOW, intermediate
from tests.certs.standing_in import standing_in

LEAF = intermediate().issue("a.test")


def look(answers: dict[str, tuple[int, Any]], **options: Any):
    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        if headers.get("x-vault-token") != "hvs.token":
            return 403, {"errors": ["permission denied"]}
        return answers.get(f"{method} {path}", (404, {"errors": []}))

    with standing_in(answer) as server:
        given = {"url": server.url, "mount": "pki", **options}
        return list(VaultPki().look(Ask(given, {"token": "hvs.token"}, NOW)))


def test_each_certificate_is_found_by_its_serial():
    data = {"certificate": LEAF.pem.decode(), "revocation_time": 1_700_000_000}
    found = look(
        {
            "LIST /v1/team/pki/certs": (200, {"data": {"keys": ["17-67", "aa-bb", "x/../y"]}}),
            "GET /v1/team/pki/cert/17-67": (200, {"data": data}),
        },
        mount="team/pki",
    )
    first, tidied, odd = found
    assert isinstance(first, FoundCertificate)
    assert (first.locator, dict(first.facts)) == ("team/pki/17-67", {"revoked_at": 1_700_000_000})
    assert isinstance(tidied, FoundTrouble)
    assert isinstance(odd, FoundTrouble)
    assert odd.message == "is no serial"


def test_an_empty_mount_is_empty_and_one_that_is_not_there_an_error():
    assert look({"LIST /v1/pki/certs": (404, {"errors": []})}) == []
    missing = (404, {"errors": ["no handler for route"]})
    with pytest.raises(SourceError, match="no handler"):
        look({"LIST /v1/pki/certs": missing})


def test_a_refusal_in_the_middle_is_an_error():
    with pytest.raises(SourceError, match="503"):
        look(
            {
                "LIST /v1/pki/certs": (200, {"data": {"keys": ["01"]}}),
                "GET /v1/pki/cert/01": (503, {"errors": ["sealed"]}),
            }
        )


def test_options_that_cannot_be_are_told():
    wrong = VaultPki().check({"url": "http://v/?a", "mount": "../x"}, {"token": "t"})
    assert [each.field for each in wrong] == ["url", "mount"]

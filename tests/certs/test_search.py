"""Certificates are found by whatever people have in hand, by indexes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.models import Certificate
from certs.search import (
    State,
    count_facets,
    each_page,
    page_of_certificates,
    read_query,
    search_certificates,
)
from certs.search.meant import serial_spellings
from opsportal.lib.errors import PayloadError
from tests.certs.inventory import SERIAL, make_inventory, make_many
from tests.certs.pki import NOW

pytestmark = pytest.mark.django_db
ALL = ["api", "gone", "heard", "idn", "old", "root", "shop"]


@pytest.fixture
def rows() -> Mapping[str, Certificate]:
    return make_inventory()


def found(rows: Mapping[str, Certificate], **params: str | list[str]) -> str:
    """The short names of what is found, sorted."""
    query = read_query(
        {name: [v] if isinstance(v, str) else v for name, v in params.items()}, now=NOW
    )
    ids = {row.pk for row in search_certificates(query)}
    return " ".join(sorted(name for name, row in rows.items() if row.pk in ids))


FILTERS: list[tuple[dict[str, Any], str]] = [
        ({}, "api idn shop"),
        ({"state": "expired"}, "old"), ({"state": "unused"}, "heard root"),
        ({"state": "retired"}, "gone"), ({"state": "all"}, " ".join(ALL)),
        ({"use": "served"}, "api"), ({"use": ["served", "placed"]}, "api idn shop"),
        ({"name": "api.example.com"}, "api"), ({"name": "API.Example.com"}, "api"),
        ({"name": "*.shop.example.com"}, "shop"), ({"name": "shop.example.com"}, ""),
        ({"name": "*.example.com"}, "api gone shop"), ({"name": ".example.com"}, "api gone shop"),
        ({"name": "bücher.example"}, "idn"), ({"name": "xn--bcher-kva.example"}, "idn"),
        ({"contains": "hop.exam"}, "shop"), ({"address": "2001:0db8:0::7"}, "api"),
        ({"address": "192.0.2.7"}, "api"), ({"address": "192.0.2.8"}, ""),
        ({"serial": f"{SERIAL:x}"}, "api"), ({"serial": f"{SERIAL:034X}"}, "api"),
        ({"serial": str(SERIAL)}, "api"), ({"serial": f"0x0{SERIAL:x}"}, "api"),
        ({"owner": "web"}, "api"), ({"owner": "-"}, "idn shop"), ({"owner": ["web", "-"]},
         "api idn shop"), ({"environment": "production"}, "api"),
        ({"issuer": "Acme Example CA 1"}, "api idn shop"), ({"source": "files"}, "idn shop"),
        ({"finding": "expiring"}, "api"), ({"finding": "any"}, "api"),
        ({"finding": "weak_key"}, ""), ({"ca": "true", "state": "all"}, "root"),
        ({"expires_within": "11d"}, "api"), ({"expires_within": "30d"}, "api idn"),
        ({"expires_before": "30d"}, "api idn"), ({"expires_after": "30d"}, "shop"),
        ({"min_days": "10", "max_days": "10"}, "api"), ({"min_days": "11"}, "idn shop"),
        ({"max_days": "-1", "state": "all"}, "old"),
    ]  # fmt: skip


def test_filters_find_what_they_say(rows):
    assert [(params, found(rows, **params)) for params, _ in FILTERS] == FILTERS


MEANT = [
        ("api.example.com", "api"), ("www.api", "api"), ("api", "api"), ("bücher", "idn"),
        ("x.shop.example.com", "shop"), (".example.com", "api gone shop"), ("192.0.2.7", "api"),
        ("2001:DB8::7", "api"), (f"{SERIAL:x}"[:3], ""), ("nothing.example", ""),
        ("example ca", "api gone heard idn old shop"), ("ACME Example Root", "root"),
        ("xample", ""),
        ('{owner="web"}', "api"),
    ]  # fmt: skip


def test_the_search_box_guesses_what_was_typed(rows):
    assert [(text, found(rows, q=text, state="all")) for text, _ in MEANT] == MEANT


SPELLINGS: list[Callable[[str], str]] = [str.upper, str.lower, lambda text: ":".join(
    text[at : at + 2] for at in range(0, len(text), 2)), lambda text: f" {text[:20]} ",
    lambda text: text[:8]]  # fmt: skip


@pytest.mark.parametrize("column", ["sha256", "spki_sha256", "tbs_sha256"])
def test_digests_are_found_however_they_are_written(rows, column):
    for spell in SPELLINGS:
        found_by_digest(rows, column, spell(getattr(rows["shop"], column)))


def found_by_digest(rows, column, text):
    whole = len(text.replace(":", "").strip()) == 64
    assert found(rows, q=text) == ("shop" if whole or column == "sha256" else "")
    if column == "sha256":
        assert found(rows, fingerprint=text) == "shop"
    if whole and column == "spki_sha256":
        assert found(rows, spki=text) == "shop"


def test_a_serial_has_many_spellings():
    assert {"abc"} <= serial_spellings("0A:BC") & serial_spellings("2748") & serial_spellings("abc")
    assert serial_spellings("-0AB") == {"-0ab", "-ab"}
    assert serial_spellings("xyz") == set()


MATCHING = [
        ('name=~".*\\\\.shop\\\\..*"', "shop"), ('name!~".*example.*"', ""),
        ('name="192.0.2.7"', "api"), ('owner="web"', "api"),
        ('team!="web"', "gone heard idn old root shop"),
        ('source="files"', "idn old shop"), ('source!="files"', "api gone heard root"),
        ('path=~"/etc/.*", kind="files"', "idn old shop"), ('finding="expiring"', "api"),
        ('days_left<"0"', "old"), ('days_left<="10", days_left>="10"', "api"),
        ('days_left>"10", days_left<"20.5"', "idn"), ('domain="example.com"', "api gone shop"),
        ('domain!="example.com"', "heard idn old root"), ('issuer=~".*CA 1", use="served"', "api"),
        ('days_left<"1e300"', " ".join(ALL)), ('days_left>"1e300"', ""),
    ]  # fmt: skip


def test_matchers_see_names_places_and_findings(rows):
    asked = [(text, found(rows, match="{" + text + "}", state="all")) for text, _ in MATCHING]
    assert asked == MATCHING


REFUSED: list[dict[str, Any]] = [
        {"state": "x"}, {"use": "x"}, {"finding": "x"}, {"q": "{a"}, {"q": "a\0"},
        {"match": '{colour="red"}'}, {"match": '{days_left="3"}'}, {"serial": "xyz"},
        {"match": '{domain=~"a"}'}, {"fingerprint": "abc"}, {"spki": "abc"}, {"address": "x"},
        {"contains": "a"}, {"expires_within": "soon"}, {"expires_within": "-3d"},
        {"expires_before": "x"}, {"min_days": "²"}, {"max_days": "999999"}, {"ca": "maybe"},
        {"lineage": "x"}, {"name": "a" * 2000}, {"owner": ["a"] * 99}, {"q": "\ud800"},
    ]  # fmt: skip


def test_what_cannot_be_meant_is_refused():
    for params in REFUSED:
        with pytest.raises(PayloadError) as error:
            found({}, **params)
        assert error.value.errors


ODD = ["%", "_", "'", '"', "\\", "*", ".", "*.", "-", "0", "::", "é", "[",
                                  "\u202e", "a b", "x" * 999, "1" * 200, "f" * 300]  # fmt: skip


def test_odd_texts_break_nothing(rows):
    asked = {text: found(rows, q=text) for text in ODD}
    assert {text: names for text, names in asked.items() if names} == {"*": "shop"}


def test_more_than_a_few_are_found_by_asking_each(rows, monkeypatch):
    expected = [found(rows, q=text) for text in ("acme example ca", ".example.com", "api")]
    monkeypatch.setattr("certs.search.meant.FEW", 0)
    assert [found(rows, q=text) for text in ("acme example ca", ".example.com", "api")] == expected


def test_pages_go_on_where_they_ended_in_both_orders(rows):
    for state in (State.COMING, State.ALL):
        query = read_query({"state": [state]}, now=NOW)
        whole = [row.pk for row in page_of_certificates(query, 100)[0]]
        pages = [[row.pk for row in page] for page in each_page(query, 2)]
        assert [pk for page in pages for pk in page] == whole
        assert all(len(page) <= 2 for page in pages)
    ends = [row.not_after for row in page_of_certificates(query, 100)[0]]
    assert ends == sorted(ends, reverse=True)


def test_facets_are_counted_as_if_they_did_not_narrow(rows):
    counts = count_facets(read_query({"use": ["served"]}, now=NOW))
    assert counts.values["use"] == {"served": 1, "placed": 2}
    assert counts.values["owner"] == {"web": 1}
    assert not counts.capped


def test_queries_do_not_grow_with_rows():
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            query = read_query({"q": ["host"], "state": ["all"]}, now=NOW)
            page_of_certificates(query, 50)
            count_facets(query)
            assert [row.team and row.team.name for row in search_certificates(query)[:1]]
        return len(queries)

    make_many(2)
    few = ask()
    make_many(6)
    assert ask() == few == 6


@pytest.mark.skipif("connection.vendor != 'sqlite'")
@pytest.mark.parametrize(
    ("params", "index"),
    [
        ({"expires_within": "30d"}, "certificate_in_use_expiry"),
        ({"state": "all", "expires_within": "30d"}, "certificate_expiry"),
        ({"issuer": "Example"}, "certificate_issuer"),
        ({"serial": "abc"}, "certificate_serial"), ({"fingerprint": "abcdef0123"}, "sha256"),
    ],
)  # fmt: skip
def test_an_index_serves(params, index):
    query = read_query({name: [text] for name, text in params.items()}, now=NOW)
    plan = search_certificates(query).order_by(*query.keyset)[:50].explain()
    assert index in plan
    assert "SCAN certs_certificate\n" not in f"{plan}\n"

"""Hosts in one form, and certificates for them (RFC 9525)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.x509 import CertName, HostError, ascii_host, matches_host, unicode_host
from tests.certs.pki import issue


def certificate_for(*names: str, common_name: str = "") -> tuple[CertName, ...]:
    return issue(names, common_name=common_name).parsed.names


@pytest.mark.parametrize(
    ("names", "host", "matches"),
    [
        (["*.a.test"], "b.a.test", True),
        (["*.a.test"], "a.test", False),
        (["*.a.test"], "c.b.a.test", False),
        (["*.a.test"], "B.A.Test.", True),
        (["*.a.test"], "*.a.test", False),
        (["f*.a.test", "*f.a.test", "a.*.test", "*"], "foo.a.test", False),
        (["*"], "localhost", False),
        (["a.test"], "a.test", True),
        (["a.test"], "xa.test", False),
        (["127.0.0.1"], "127.0.0.1", True),
        (["2001:db8::1"], "2001:0DB8:0:0::0:1", True),
        (["2001:db8::1"], "[2001:db8::1]", True),
        (["::ffff:127.0.0.1"], "127.0.0.1", False),
        (["xn--bcher-kva.test"], "bücher.test", True),
        (["xn--bcher-kva.test"], "BÜCHER.test", True),
        (["*.test"], "bücher.test", True),
        (["a.test"], "", False),
        (["a.test"], "a test", False),
    ],
)
def test_names_and_hosts(names, host, matches):
    assert matches_host(certificate_for(*names), host) is matches


def test_a_common_name_never_counts():
    assert not matches_host(certificate_for(common_name="a.test"), "a.test")
    assert not matches_host([CertName("cn", "127.0.0.1")], "127.0.0.1")


def test_an_address_is_no_dns_name():
    assert not matches_host([CertName("dns", "127.0.0.1")], "127.0.0.1")
    assert not matches_host([CertName("dns", "*.0.0.1")], "127.0.0.1")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Example.COM.", "example.com"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("BÜCHER。test", "xn--bcher-kva.test"),
        ("straße.test", "xn--strae-oqa.test"),
        ("_sip._tcp.a.test", "_sip._tcp.a.test"),
        ("localhost", "localhost"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("[2001:DB8:0:0:0:0:0:1]", "2001:db8::1"),
        ("::FFFF:192.0.2.1", "::ffff:192.0.2.1"),
        ("xn--ls8h.test", "xn--ls8h.test"),
    ],
)
def test_a_host_has_one_form(text, host):
    assert ascii_host(text) == host
    assert ascii_host(host) == host


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "A host is missing"),
        (".", "A host is missing"),
        ("a..test", "a label is empty"),
        ("a" * 64 + ".test", "a label has 64 characters, 63 may be"),
        ("a." * 127 + "ab", "at most 253 characters"),
        ("-a.test", "has a hyphen at its end"),
        ("a b.test", "more than letters"),
        ("*.a.test", "more than letters"),
        ("a\x00.test", "more than letters"),
        ("fe80::1%eth0", "has a zone"),
        ("[::1", "is no address"),
        ("a.test:443", "is no address"),
        ("256.1.1.1", "names do not end in a number"),
        ("2130706433", "names do not end in a number"),
        ("127.0x1", "names do not end in a number"),
        ("\uff11\uff12\uff17.\uff11", "names do not end in a number"),
        ("💩.test", "is no host by IDNA 2008"),
        ("ü" * 100 + ".test", "is no host"),
    ],
)
def test_what_is_no_host_says_why(text, words):
    with pytest.raises(HostError) as raised:
        ascii_host(text)
    assert words in raised.value.message


def test_hosts_for_people():
    assert unicode_host("xn--bcher-kva.test") == "bücher.test"
    assert unicode_host("*.XN--BCHER-KVA.test") == "*.bücher.test"
    assert unicode_host("xn--broken-\x00.test") == "xn--broken-\x00.test"
    assert unicode_host("xn--ls8h.test") == "xn--ls8h.test"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_host_or_none(text):
    try:
        host = ascii_host(text)
    except HostError:
        return
    assert host.isascii()
    assert ascii_host(host) == host
    assert any(matches_host([CertName(kind, host)], text) for kind in ("dns", "ip"))

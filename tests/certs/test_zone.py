"""Zones as sources of names."""

import pytest

from certs.normalise import FoundEndpoint, FoundName
from certs.sources import Ask, SourceError
from certs.sources.zone import ZoneFile
from tests.certs.pki import NOW

ZONE = """
$ORIGIN example.test.
$TTL 3600
@   IN SOA ns1 admin 1 7200 900 1209600 86400
@   IN NS ns1
@   IN A 192.0.2.1
@   IN MX 10 mx1
@   IN MX 20 mail.elsewhere.test.
www IN A 192.0.2.1
www IN A 192.0.2.2
www IN AAAA 2001:db8::1
api IN CNAME www
*.wild IN A 192.0.2.3
_dmarc IN TXT "v=DMARC1"
_x._tcp IN CNAME api
_imaps._tcp IN SRV 0 1 993 imap
_ldap._tcp IN SRV 0 1 389 ldap.elsewhere.test.
_unknown._tcp IN SRV 0 1 9 www
_pop3._tcp IN SRV 0 0 0 .
xn--bcher-kva IN A 192.0.2.4
"""


def look(zone: str, origin: str = ""):
    return list(ZoneFile().look(Ask({"zone": zone, "origin": origin}, {}, NOW)))


def test_hosts_are_names_and_servers_of_the_zone_endpoints():
    found = look(ZONE)
    names = {each.name for each in found if isinstance(each, FoundName)}
    assert names == {
        "example.test", "www.example.test", "api.example.test", "xn--bcher-kva.example.test",
        "mail.elsewhere.test", "ldap.elsewhere.test",
    }  # fmt: skip
    servers = [(f.host, f.port, f.protocol) for f in found if isinstance(f, FoundEndpoint)]
    assert servers == [("mx1.example.test", 25, "smtp"), ("imap.example.test", 993, "tls")]


def test_a_zone_without_origin_takes_that_of_the_options():
    text = "www 60 IN A 192.0.2.1\n"
    assert [each.name for each in look(text, "a.test")] == ["www.a.test"]
    with pytest.raises(SourceError, match="origin"):
        look(text)


@pytest.mark.parametrize(
    "text",
    [
        "$ORIGIN a.test.\n$INCLUDE /etc/passwd\n",
        "$ORIGIN a.test.\n$GENERATE 1-4000000000 h$ A 192.0.2.1\n",
        "$ORIGIN a.test.\nwww IN A not-an-address\n",
        "$ORIGIN a.test.\nwww IN A (((((\n",
        "\x01\x02\x03",
    ],
)
def test_what_is_no_zone_or_reaches_out_is_refused_with_a_reason(text):
    wrong = ZoneFile().check({"zone": text}, {})
    assert [each.field for each in wrong] == ["zone"]
    assert "root:" not in wrong[0].message

"""Certificates that no library would make, through every door, and on every page."""

from base64 import b64encode
from typing import Any

import pytest

from certs.hear import hear_entries
from certs.models import Certificate, Domain, Endpoint
from certs.observe import Look, store_looks
from certs.observe.resolve import Resolved
from certs.tls import Reading, Result, Target
from opsportal.lib.errors import PayloadError
from tests.accounts.people import bearer, make_key, make_person
from tests.certs.judging import judge
from tests.certs.making import make_endpoint
from tests.certs.pki import NOW, later
from tests.certs.x509.forge import alternative, extension, forge, name, number, only, validity

pytestmark = pytest.mark.django_db
_WORDS = b"<script>alert(1)</script>\"'=cmd|x\r\nBEGIN:VALARM\0\xe2\x80\xae\xff"
HOSTILE = {
    "nul": forge(subject=name((12, b"a.test\0.evil.test")), add=b""),
    "serial": forge(serial=number(2**8000 + 1)),
    "negative": forge(serial=number(-(2**159))),
    "end": forge(validity=validity("20000101000000Z", "99991231235959Z")),
    "long ago": forge(validity=validity("00010101000000Z", "00010102000000Z")),
    "backwards": forge(validity=validity("99991231235959Z", "00010101000000Z")),
    "no time": forge(validity=validity("hello hello hello", "99999999999999Z")),
    "bmp": forge(subject=name((30, b"\xd8\x00\x00a\x00\x00")), issuer=name((30, b"\x00"))),
    "words": forge(
        subject=name((12, _WORDS)), issuer=name((12, _WORDS)),
        extensions=only(alternative(
            (0x82, _WORDS), (0x81, _WORDS), (0x86, b"javascript:alert(1)"), (0x87, b"12"),
        )),
    ),
    "many": forge(extensions=only(
        alternative(*((0x82, b"h%d.many.test" % n) for n in range(2_000)))
    )),
    "long name": forge(extensions=only(alternative((0x82, b"x." * 2_000 + b"many.test")))),
    "empty": forge(subject=name(), issuer=name(), extensions=only(alternative())),
    "broken": forge(extensions=only(
        extension("2.5.29.17", b"\x30\x84\xff\xff\xff\xff"), extension("2.5.29.19", b"\x05"),
        extension("2.5.29.14", b""), extension("2.5.29.31", b"\x30\x80"),
    )),
}  # fmt: skip
PATHS = (
    "/certs/", "/certs/certificates/", "/certs/findings/", "/certs/endpoints/", "/certs/proposals/",
    "/api/v1/certs/certificates", "/api/v1/certs/certificates.csv", "/api/v1/certs/summary",
    "/api/v1/certs/certificates.jsonl", "/api/v1/certs/calendar.ics", "/api/v1/certs/findings",
    "/admin/certs/certificate/",
)  # fmt: skip
EACH = (
    "/certs/certificates/{}/", "/certs/certificates/{}/explain/", "/certs/certificates/{}/pem/",
    "/api/v1/certs/certificates/{}", "/api/v1/certs/certificates/{}/explain",
    "/admin/certs/certificate/{}/change/",
)  # fmt: skip


def through_api(client: Any, der: bytes) -> None:
    headers = bearer(make_key("certs:write")[1])
    answer = client.post(
        "/api/v1/certs", der, content_type="application/octet-stream", headers=headers
    )
    assert answer.status_code == 201, answer.content


def through_log(client: Any, der: bytes) -> None:
    hear_entries("log", [{"index": 1, "certificate": b64encode(der).decode()}], now=NOW)


def through_probe(client: Any, der: bytes) -> None:
    endpoint = make_endpoint("a.test", 1 + Endpoint.objects.count())
    target = Target("192.0.2.1", 443, "tls", "a.test")
    reading = Reading(target, Result.OK, chain=(der, der, der[:-9], b"\x30\x03abc", b""))
    look = Look(endpoint, Resolved(("192.0.2.1",), complete=True), {"192.0.2.1": reading})
    store_looks([look], now=NOW)


@pytest.mark.parametrize("door", [through_api, through_log, through_probe])
def test_whatever_it_is_it_is_stored_judged_and_shown(client, door):
    for domain in ("many.test", "sound.test", "a.test"):
        Domain.objects.create(name=domain, accept=True)
    for der in HOSTILE.values():
        door(client, der)
    judge()
    judge(later(days=89))
    assert not Certificate.objects.filter(judge_at__lte=later(days=89)).exists()
    client.force_login(make_person("administrator"))
    rows = Certificate.objects.all() if door is through_probe else ()
    for path in [*PATHS, *(each.format(row.pk) for row in rows for each in EACH)]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        content = b"".join(answer) if answer.streaming else answer.content
        assert b"<script>alert(1)" not in content or "html" not in answer["Content-Type"], path
        assert b"\nBEGIN:VALARM" not in content
        assert b"\n=cmd" not in content


def test_an_entry_that_is_too_long_says_so():
    with pytest.raises(PayloadError, match="more than 200000"):
        hear_entries("log", [{"index": 1, "certificate": "A" * 200_001}], now=NOW)

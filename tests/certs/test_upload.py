"""Certificates handed in, by people on a page and by keys over REST."""

import json
from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile

from certs.models import Certificate, CertificateName, Domain, Placement, Source
from certs.upload import Upload, upload_certificates
from opsportal.accounts.actors import PORTAL
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_key, make_person, make_team
from tests.certs.pki import NOW, Issued, intermediate, issue, later
from tests.certs.x509.forge import FILES

pytestmark = pytest.mark.django_db
DOOR, PAGE = "/api/v1/certs", "/certs/upload/"


@pytest.fixture(scope="module")
def leaf() -> Issued:
    return intermediate().issue("a.test")


class Api:
    """A key, and the door."""

    def __init__(self, client: Any, **options: Any) -> None:
        _, secret = make_key("certs:write", **options)
        self.client, self.key = client, {"Authorization": f"Bearer {secret}"}

    def raw(self, data: bytes, kind: str = "application/octet-stream", query: str = "") -> Any:
        return self.client.post(DOOR + query, data, content_type=kind, headers=self.key)

    def json(self, **body: Any) -> Any:
        return self.raw(json.dumps(body).encode(), "application/json")

    def form(self, **fields: Any) -> Any:
        return self.client.post(DOOR, fields, headers=self.key)


@pytest.fixture
def api(client: Any) -> Api:
    return Api(client)


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_the_same_in_every_shape(api, leaf):
    pem, der = leaf.chain_pem.decode(), leaf.der
    first = api.raw(leaf.chain_pem, "application/x-pem-file", "?name=chain.pem&label=vpn")
    assert first.status_code == 201
    answer = first.json()
    assert (answer["format"], answer["locator"], answer["replaced"]) == ("PEM", "vpn", 0)
    assert [(each["title"], each["position"], each["new"]) for each in answer["certificates"]] == [
        ("a.test", 0, True), ("Test CA 1", 1, True),
    ]  # fmt: skip
    shapes = [
        api.raw(der, query="?label=vpn"),
        api.raw(der, "application/pkix-cert", "?label=vpn"),
        api.json(pem=pem, label="vpn"),
        api.json(data=b64encode(der).decode(), label="vpn"),
        api.form(file=file("leaf.der", der), label="vpn"),
    ]
    for again in shapes:
        assert again.status_code == 200
        assert again.json()["certificates"][0]["new"] is False
    assert (Certificate.objects.count(), Placement.objects.count()) == (2, 2)
    assert {row.use for row in Certificate.objects.all()} == {"placed"}
    assert Source.objects.get().name == "Uploads"
    place = Placement.objects.get(certificate__sha256=leaf.parsed.sha256)
    assert place.facts == {"format": "DER", "label": "vpn", "file": "leaf.der"}


def test_a_keystore_with_its_password_and_without(api):
    data = (FILES / "java.p12").read_bytes()
    shut = api.raw(data, query="?name=java.p12")
    assert shut.status_code == 400
    assert shut.json()["message"] == ("The PKCS#12 file wants a password, and none is given.")
    assert Source.objects.count() == 0
    opened = api.form(file=file("java.p12", data), password="secret1")
    assert [(each["alias"], each["has_key"]) for each in opened.json()["certificates"]] == [
        ("server", True), ("trusted", False),
    ]  # fmt: skip
    assert api.json(data=b64encode(data).decode(), passwords=["x", "secret1"]).status_code == 201
    assert "secret1" not in json.dumps(list(AuditEntry.objects.values()), default=str)
    wrong = api.form(file=file("java.jks", (FILES / "java.jks").read_bytes()), password="wrong")
    assert wrong.status_code in (200, 201)
    assert "is wrong" in wrong.json()["troubles"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "data"),
        ({"pem": "x", "data": "eA=="}, "data"),
        ({"pem": "nothing of the kind"}, "data"),
        ({"pem": ["x"]}, "data"),
        ({"data": "%%%"}, "data"),
        ({"data": "\u00e9"}, "data"),
        ({"certificate": "x"}, "certificate"),
        ({"pem": "x", "label": 5}, "label"),
        ({"pem": "x", "passwords": {"a": 1}}, "passwords"),
        ({"pem": "x", "passwords": [1]}, "passwords"),
        ({"pem": "x", "label": "a\0b"}, "label"),
        ({"pem": "x", "locator": "l" * 1001}, "locator"),
        ({"pem": "x", "environment": "prod"}, "team"),
        ({"pem": "x", "team": "nobody\0"}, "team"),
    ],
)
def test_what_is_wrong_is_said(api, body, field):
    answer = api.json(**body)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert Source.objects.count() == 0


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"5", b"[" * 10_000, b""])
def test_bodies_that_are_no_object(api, body):
    answer = api.raw(body, "application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_bodies_without_end(api, settings, leaf):
    settings.MAX_BODY_BYTES = 2_000
    assert api.raw(b"x" * 2_001).status_code == 413
    assert api.form(file=file("a.pem", leaf.pem + b"\n" * 2_000)).status_code == 413
    assert api.raw(leaf.pem).status_code == 201


def test_a_place_has_what_was_last_put_there(api, leaf):
    renewed = issue(("a.test",))
    api.json(pem=leaf.chain_pem.decode(), locator="vpn/slot 1")
    api.json(pem=leaf.pem.decode(), label="vpn/slot 1")
    answer = api.json(pem=renewed.pem.decode(), locator="vpn/slot 1").json()
    assert answer["replaced"] == 2
    there = Placement.objects.filter(gone_at=None)
    assert [row.certificate.sha256 for row in there] == [renewed.parsed.sha256]
    assert Certificate.objects.get(sha256=leaf.parsed.sha256).use == "known"
    back = api.json(pem=leaf.pem.decode(), locator="vpn/slot 1").json()
    assert (back["certificates"][0]["new"], back["replaced"]) == (True, 1)


def test_whose_it_is(client, leaf):
    ours, theirs = make_team("ours"), make_team("theirs")
    mine = Api(client, team=ours)
    answer = mine.json(pem=leaf.chain_pem.decode(), team="ours", environment="prod")
    assert answer.status_code == 201
    row, above = Certificate.objects.order_by("is_ca")
    assert (row.team, row.environment, row.owner_pinned) == (ours, "prod", True)
    api = Api(client)
    assert row.owned_by.startswith("key ")
    assert above.team is None
    assert mine.json(pem=leaf.pem.decode(), team=theirs.name).status_code == 403
    assert api.json(pem=leaf.pem.decode(), team=theirs.name).status_code == 200
    row.refresh_from_db()
    assert row.team == ours
    entry = AuditEntry.objects.filter(action="upload").earliest("pk")
    assert (entry.action, entry.after["team"], entry.after["certificates"]) == ("upload", "ours", 2)


def test_10_000_names_in_few_queries(api, django_assert_max_num_queries):
    many = issue(sans=[x509.DNSName(f"host-{n}.many.test") for n in range(10_000)])
    pem = b"".join(issue((f"{n}.test",)).pem for n in range(20)) + many.pem
    with django_assert_max_num_queries(60):
        assert api.raw(pem).status_code == 201
    assert CertificateName.objects.filter(key="host-9999.many.test").count() == 1


def test_more_certificates_than_may_be(monkeypatch, leaf):
    monkeypatch.setattr("certs.upload.MOST", 1)
    with pytest.raises(PayloadError, match="holds 2 certificates, 1 may be"):
        upload_certificates(Upload(leaf.chain_pem), actor=PORTAL, now=NOW)


def test_the_source_may_have_another_name_and_may_be_off(leaf):
    upload_certificates(Upload(leaf.pem), actor=PORTAL, now=NOW)
    Source.objects.update(name="Handed in")
    upload_certificates(Upload(leaf.pem, label="x"), actor=PORTAL, now=later(hours=1))
    assert Source.objects.get().name == "Handed in"
    Source.objects.update(enabled=False)
    with pytest.raises(ConflictError, match="is disabled"):
        upload_certificates(Upload(leaf.pem), actor=PORTAL, now=NOW)
    Source.objects.update(kind="files", name="Uploads")
    with pytest.raises(ConflictError, match="rename it"):
        upload_certificates(Upload(leaf.pem), actor=PORTAL, now=NOW)


def test_the_page_shows_at_once_what_was_found(client, leaf):
    team = make_team("ours")
    client.force_login(make_person("responder", team))
    assert b'enctype="multipart/form-data"' in client.get(PAGE).content
    answer = client.post(
        PAGE,
        {
            "file": [file("a.pem", leaf.key_pem + leaf.pem), file("<b>.txt", b"text")],
            "pasted": intermediate().pem.decode(), "password": "secret1", "team": team.pk,
            "environment": "prod",
        },
    )  # fmt: skip
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "its key lies beside it, and was not kept" in page
    assert "&lt;b&gt;.txt" in page
    assert "is text, without a certificate in it" in page
    assert "secret1" not in page
    assert Certificate.objects.count() == 2
    assert Certificate.objects.get(sha256=leaf.parsed.sha256).team == team


def test_the_page_says_what_is_wrong(client, settings):
    client.force_login(make_person("responder", make_team("ours")))
    other = make_team("theirs")
    for fields, words in (
        ({}, "Choose a file, or paste PEM."),
        ({"pasted": "x"}, "is text, without a certificate in it"),
        ({"pasted": "x", "team": other.pk}, "your own teams only"),
        ({"pasted": "x", "label": "\u202ex"}, "label: has characters that nobody sees."),
        ({"file": [file("x", b"x")] * 21}, "At most 20 files"),
    ):
        answer = client.post(PAGE, fields)
        assert answer.status_code == 400
        assert words in answer.content.decode()
    settings.MAX_BODY_BYTES = 100
    assert client.post(PAGE, {"pasted": "x" * 200}).status_code == 413


def test_who_may(client, leaf):
    assert client.get(PAGE).status_code == 302
    client.force_login(make_person("viewer", make_team("ours")))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"pasted": leaf.pem.decode()}).status_code == 403
    _, secret = make_key("certs:read")
    answer = client.post(
        DOOR, leaf.pem, content_type="application/x-pem-file",
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert Certificate.objects.count() == 0


def test_another_teams_certificate_is_not_put_out_of_its_place(client, leaf):
    theirs = Api(client, team=make_team("theirs"))
    mine = Api(client, name="mine", team=make_team("ours"))
    body = {"locator": "vpn/slot 1"}
    theirs.json(pem=leaf.pem.decode(), team="theirs", **body)
    other = issue(("b.test",)).pem.decode()
    answer = mine.json(pem=other, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    client.force_login(make_person("responder", mine_team := make_team("third")))
    page = client.post(PAGE, {"pasted": other, "team": str(mine_team.pk), **body})
    assert b"Another team" in page.content
    client.logout()
    assert [row.certificate.title for row in Placement.objects.filter(gone_at=None)] == ["a.test"]
    assert theirs.json(pem=other, **body).json()["replaced"] == 1


def test_what_rules_give_to_another_team_is_not_taken_by_handing_it_in_first(client, leaf):
    ours, theirs = make_team("ours"), make_team("theirs")
    Domain.objects.create(name="a.test", team=theirs)
    mine = Api(client, team=ours)
    assert mine.json(pem=leaf.pem.decode(), team="ours").status_code == 201
    row = Certificate.objects.get()
    assert (row.team, row.owner_pinned) == (None, False)
    everybodys = Api(client, name="everybody")
    assert everybodys.json(pem=leaf.pem.decode(), team="ours").status_code == 200
    assert Certificate.objects.get().team == ours

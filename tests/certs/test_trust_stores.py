"""Trust stores are there, are checked, are told of, and are listed."""

import pytest
from django.test import Client

from certs.judge.endpoints import judge_endpoints
from certs.models import Certificate, Endpoint, Finding, Observation, TrustStore, Validation
from certs.trust import mozilla_anchors, private_anchors, read_roots, system_anchors
from certs.validate import create_default_stores, delete_store, notice_stores, save_store
from certs.views.chain import chain_view
from opsportal.accounts.actors import PORTAL
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_key, make_person
from tests.certs.making import make_certificate, make_endpoint, make_observation
from tests.certs.pki import NOW, Issued, intermediate, later, root

pytestmark = pytest.mark.django_db

ROOT = root()
CA = intermediate(ROOT)
AT = later(hours=1)


def make_store(pem: str = "", **fields: object) -> TrustStore:
    row = TrustStore(name="ours", pem=pem or ROOT.pem.decode(), **fields)
    save_store(row, actor=PORTAL, now=NOW)
    return row


def test_mozillas_and_the_systems_are_there_once():
    create_default_stores()
    kinds = TrustStore.objects.values_list("name", "kind", "public", "enabled")
    assert set(kinds) == {
        ("mozilla", "mozilla", True, True), ("system", "system", False, True)
    }  # fmt: skip


def test_the_machines_store_is_where_openssl_looks(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text(f"# text\n{ROOT.pem.decode()}\n{mozilla_anchors().roots[0].read}\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert [each.sha256 for each in system_anchors().roots] == [ROOT.parsed.sha256]
    file.write_text(ROOT.pem.decode() + CA.pem.decode())
    assert len(system_anchors().roots) == 2
    folder = tmp_path_factory.mktemp("hashed")
    (folder / "0a1b2c3d.0").write_text(CA.pem.decode())
    (folder / "readme.txt").write_text(ROOT.pem.decode())
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert [each.sha256 for each in system_anchors().roots] == [CA.parsed.sha256]


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        ("", "no certificate in PEM"),
        ("hello", "no certificate in PEM"),
        (ROOT.key_pem.decode(), "no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate 1 cannot"),
        ("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----", "certificate 1 cannot"),
        (f"{ROOT.pem.decode()}-----BEGIN CERTIFICATE-----\nMIIB", "certificate 2 cannot be read"),
    ],
)
def test_what_is_no_pem_of_roots_is_refused(pem: str, why: str):
    with pytest.raises(PayloadError, match=why):
        save_store(TrustStore(name="ours", pem=pem), actor=PORTAL, now=NOW)
    assert not TrustStore.objects.filter(name="ours").exists()


def test_text_around_roots_and_repetitions_are_no_harm():
    pem = f"Subject: x\r\n{ROOT.pem.decode()}\nmore\n{ROOT.pem.decode()}"
    assert read_roots(pem) == [ROOT.der]
    assert private_anchors(pem).roots[0].sha256 == ROOT.parsed.sha256


def test_a_change_is_audited_and_has_what_is_served_judged_again():
    make_observation(make_endpoint(), CA.issue("api.example.com"))
    assert judge_endpoints(now=AT) == 1
    row = make_store()
    assert row.roots == 1
    assert AuditEntry.objects.filter(action="create", target_type="certs.truststore").exists()
    Certificate.objects.update(judge_at=None)
    assert judge_endpoints(now=AT) == 1
    assert Certificate.objects.filter(judge_at=AT).count() == 2
    assert not notice_stores(now=AT)
    row.public = True
    save_store(row, actor=PORTAL, now=NOW)
    assert notice_stores(now=AT)
    delete_store(row, actor=PORTAL, now=AT)
    assert judge_endpoints(now=AT) == 1
    assert list(Finding.objects.filter(closed_at=None).values_list("kind", flat=True)) == [
        "untrusted"
    ]


def test_machines_with_different_roots_do_not_have_everything_judged_at_each_turn(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    files = [tmp_path_factory.mktemp("ca") / "ca.pem" for _ in range(2)]
    for file, each in zip(files, (ROOT, CA), strict=True):
        file.write_text(each.pem.decode())
    noticed = []
    for minute in range(0, 130, 10):
        monkeypatch.setenv("SSL_CERT_FILE", str(files[minute // 10 % 2]))
        noticed.append(notice_stores(now=later(minutes=minute)))
    assert noticed.count(True) < 4


def test_what_the_portal_brings_is_disabled_and_never_deleted():
    row = TrustStore.objects.get(name="mozilla")
    with pytest.raises(PayloadError, match="Disable it instead"):
        delete_store(row, actor=PORTAL, now=NOW)
    row.enabled = False
    save_store(row, actor=PORTAL, now=NOW)
    row.pem = ROOT.pem.decode()
    with pytest.raises(PayloadError, match="only a store of own roots has PEM"):
        save_store(row, actor=PORTAL, now=NOW)


def _observation(*chain: Issued) -> Observation:
    make_store()
    row = make_observation(make_endpoint(), [each.der for each in chain])
    judge_endpoints(now=AT)
    return row


def test_a_chain_is_shown_with_what_each_store_says():
    leaf = CA.issue("api.example.com")
    shown = chain_view(_observation(leaf, CA, ROOT), now=AT)
    assert [(link.role, link.note) for link in shown.links] == [
        ("leaf", ""), ("intermediate", ""), ("root", "need not be sent")
    ]  # fmt: skip
    ours, mozilla, system = shown.trust
    assert (ours.store, ours.ok, ours.message) == ("ours", True, "by Test Root")
    assert list(ours.path) == ["api.example.com", "Test CA 1", "Test Root"]
    assert (mozilla.store, mozilla.ok) == ("mozilla", False)
    assert mozilla.message == "self-signed certificate in certificate chain: Test Root"
    assert system.store == "system"


def test_what_is_missing_is_shown_where_it_is_known():
    make_certificate(CA)
    shown = chain_view(_observation(CA.issue("api.example.com")), now=AT)
    assert [row.sha256 for row in shown.missing] == [CA.parsed.sha256]


def test_the_certificates_page_shows_the_chain(client: Client):
    leaf = CA.issue("api.example.com")
    row = _observation(leaf, CA)
    client.force_login(make_person("administrator"))
    assert row.certificate is not None
    page = client.get(row.certificate.get_absolute_url()).content.decode()
    assert "by Test Root" in page
    assert "not trusted" in page
    assert Validation.objects.count() == 3
    assert Endpoint.objects.count() == 1


def test_a_store_is_added_in_the_admin(client: Client):
    client.force_login(make_person("administrator"))
    form = {"name": "ours", "pem": "hello", "enabled": "on", "note": ""}
    page = client.post("/admin/certs/truststore/add/", form)
    assert b"no certificate in PEM" in page.content
    client.post("/admin/certs/truststore/add/", {**form, "pem": ROOT.pem.decode()})
    row = TrustStore.objects.get(name="ours")
    assert (row.roots, row.kind) == (1, "private")
    brought = TrustStore.objects.get(name="system")
    assert client.post(f"/admin/certs/truststore/{brought.pk}/delete/").status_code == 403
    page = client.get(f"/admin/certs/truststore/{brought.pk}/change/")
    assert b'name="pem"' not in page.content


def test_stores_are_listed_without_their_roots(client: Client):
    make_store(note="of the firm")
    _, secret = make_key("certs:read")
    answer = client.get(
        "/api/v1/certs/trust-stores", headers={"Authorization": f"Bearer {secret}"}
    ).json()
    first = answer["results"][0]
    assert first["name"] == "ours"
    assert (first["roots"], first["kind"], first["note"]) == (1, "private", "of the firm")
    assert "pem" not in first

"""Sources for machines, and in configuration files."""

from typing import Any

import pytest

from certs.models import Source, SourceRun
from certs.normalise import FoundCertificate, FoundTrouble
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import AuditEntry
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError
from tests.accounts.people import bearer, make_key, make_team
from tests.certs.pki import NOW, intermediate, new_key
from tests.certs.shelf import Shelf, run, shelf

__all__ = ["shelf"]
pytestmark = pytest.mark.django_db(transaction=True)
LEAF = intermediate().issue("a.test", key=new_key()).parsed
SOURCES = "/api/v1/certs/sources"
VAULT = {
    "name": "vault", "kind": "vault-pki",
    "options": {"url": "https://vault.test", "token": "hvs.s3cr3t"}, "interval": 600,
}  # fmt: skip


@pytest.fixture
def call(client):
    """Requests by a key that may write."""
    headers = bearer(make_key("certs:read", "certs:write")[1])

    def send(method: str, path: str, body: Any = None) -> Any:
        if method in ("get", "delete"):
            return getattr(client, method)(path, headers=headers)
        return getattr(client, method)(path, body, content_type="application/json", headers=headers)

    return send


def test_a_source_is_added_read_changed_and_deleted(call):
    made = call("post", SOURCES, VAULT)
    assert made.status_code == 201
    path = f"{SOURCES}/{made.json()['id']}"
    assert made.json()["options"] == {"url": "https://vault.test", "token": "***", "mount": "pki"}
    assert made.json()["interval"] == 600
    assert "s3cr3t" not in call("get", path).content.decode()
    changed = call("patch", path, {"note": "hello", "enabled": False})
    assert (changed.status_code, changed.json()["note"]) == (200, "hello")
    assert Source.objects.get().secret == {"token": "hvs.s3cr3t"}
    options = {"url": "https://vault.test", "token": "***", "mount": "pki/two"}
    assert call("patch", path, {"options": options}).json()["options"]["mount"] == "pki/two"
    assert Source.objects.get().secret == {"token": "hvs.s3cr3t"}
    assert call("post", SOURCES, VAULT).status_code in (400, 409)
    assert call("delete", path).status_code == 204
    assert call("get", path).status_code == 404
    assert [entry.action for entry in AuditEntry.objects.filter(target_type="certs.source")][
        ::-1
    ] in (["create", "change", "change", "delete"], ["delete", "change", "change", "create"])


def test_a_stored_secret_is_not_sent_to_another_server(call):
    path = f"{SOURCES}/{call('post', SOURCES, VAULT).json()['id']}"
    answer = call("patch", path, {"options": {"url": "https://evil.test", "token": "***"}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "options.token"
    assert Source.objects.get().options["url"] == "https://vault.test"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "nothing"}, "kind"), ({"kind": 7}, "kind"), ({"kind": "a\0b"}, "kind"),
        ({"name": "a\0b"}, "name"), ({"name": ""}, "name"), ({"interval": 1}, "interval"),
        ({"interval": 10**20}, "interval"), ({"team": "nobody"}, "team"),
        ({"labels": {"a": 1}}, "labels"), ({"labels": []}, "labels"),
        ({"note": "x" * 1001}, "note"),
        ({"options": []}, "options"), ({"options": {}}, "options.url"),
        ({"options": {"url": 7, "token": "t"}}, "options.url"),
        ({"options": {"url": "https://v", "token": ["t"]}}, "options.token"),
        ({"options": {"url": "https://v", "token": "t", "x": 1}}, "options.x"),
        ({"options": {"url": "https://v", "token": "t", "mount": "a\0"}}, "options.mount"),
        ({"options": {"url": "https://v" + "x" * 3000, "token": "t"}}, "options.url"),
        ({"options": {"url": "file:///etc", "token": "t"}}, "options.url"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_field_and_nothing_is_stored(call, wrong, field):
    answer = call("post", SOURCES, VAULT | wrong)
    assert answer.status_code == 400
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert not Source.objects.exists()


def test_runs_and_troubles_are_read_and_a_look_is_asked_for(call, shelf):
    Shelf.things = [FoundCertificate(LEAF, "one"), FoundTrouble("two", "unreadable")]
    run()
    path = f"{SOURCES}/{shelf.pk}"
    (done,) = call("get", f"{path}/runs").json()["results"]
    assert (done["outcome"], done["found"], done["troubles"]) == ("complete", 1, 1)
    (trouble,) = call("get", f"{path}/troubles").json()["results"]
    assert (trouble["locator"], trouble["message"]) == ("two", "unreadable")
    for _ in range(2):
        assert call("post", f"{path}/run").status_code == 202
    assert SourceRun.objects.filter(state="due").count() == 1
    assert call("post", f"{path}/confirm").status_code == 409
    Source.objects.update(enabled=False)
    assert call("post", f"{path}/run").status_code == 409


def test_a_teams_key_writes_its_teams_sources_only(client):
    team = make_team()
    other = Source.objects.create(name="other", kind="vault-pki", team=make_team())
    headers = bearer(make_key("certs:write", team=team)[1])

    def send(method: str, path: str, body: Any = None) -> int:
        found = getattr(client, method)(
            path, body or {}, content_type="application/json", headers=headers
        )
        return int(found.status_code)

    assert send("post", SOURCES, VAULT) == 403
    assert send("post", SOURCES, VAULT | {"team": team.name}) == 201
    for method, noun in (("patch", ""), ("delete", ""), ("post", "/run"), ("post", "/confirm")):
        assert send(method, f"{SOURCES}/{other.pk}{noun}") == 403
    # What everybody hands in is not one team's to delete.
    uploads = {"name": "x", "kind": "upload", "team": team.name}
    assert send("post", SOURCES, uploads) == 400
    mine = Source.objects.get(name="vault")
    assert send("patch", f"{SOURCES}/{mine.pk}", {"team": other.team.name}) == 403


FILE = b"""
certificate_sources:
- name: hosts
  kind: endpoints
  options: {hosts: [a.test, "smtp://mx.test:25"]}
  environment: prod
  labels: {cluster: one}
- name: vault
  kind: vault-pki
  options: {url: "https://vault.test", token: hvs.s3cr3t}
  interval: 600
"""


def apply(content: bytes, **options: Any) -> str:
    deed = Deed(COMMAND_LINE, NOW)
    return apply_config(content, deed=deed, mask=mask_secret, **options).difference


def test_a_file_makes_sources_and_an_export_makes_them_again():
    assert "s3cr3t" not in apply(FILE)
    assert apply(FILE) == ""
    exported = export_config()
    assert "s3cr3t" not in exported
    assert "token: '***'" in exported
    assert apply(exported.encode()) == ""
    assert Source.objects.get(name="vault").secret == {"token": "hvs.s3cr3t"}
    # What was handed in is in no file.
    Source.objects.create(name="Uploads", kind="upload")
    assert "Uploads" not in export_config()
    apply(b"certificate_sources: []", prune=True)
    assert Source.objects.get().name == "Uploads"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: a}", "kind is missing"), ("{name: a, kind: x}", "kind: 'x' is none of"),
        ("{name: a, kind: endpoints, options: {}}", "options.hosts: is required"),
        ("{name: a, kind: endpoints, options: 7}", "write keys and values"),
        ("{name: a, kind: endpoints, options: {hosts: 'a:b:c'}}", "must be a list"),
        ("{name: a, kind: endpoints, labels: {a: 1}}", "write a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told_by_its_place(entry, said):
    with pytest.raises(ConfigError, match="certificate_sources") as caught:
        apply(f"certificate_sources:\n- {entry}".encode())
    assert said in caught.value.message

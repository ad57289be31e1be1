"""Kubernetes as a source, against a small HTTPS server that answers as its API does."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import Ask, SourceError
from certs.sources.kubernetes import KubernetesSecrets
from opsportal.lib.times import utc_now
from tests.certs.pki import NOW, intermediate, root
from tests.certs.standing_in import standing_in

CA = root()
# The client looks at its own clock.
SERVER = CA.issue("127.0.0.1", not_before=utc_now() - timedelta(days=1))
LEAF = intermediate(CA).issue("a.test")
BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
TOKEN = "eyJ.token"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def secret(
    name: str, data: dict[str, Any], namespace: str = "shop", kind: str = "kubernetes.io/tls"
):
    return {"metadata": {"namespace": namespace, "name": name}, "type": kind, "data": data}


def tls(name: str, namespace: str = "shop"):
    data = {"tls.crt": b64(LEAF.chain_pem), "tls.key": b64(LEAF.key_pem)}
    return secret(name, data, namespace)


class Cluster:
    """Pages of secrets, per namespace; what is refused; listings that expire."""

    def __init__(self, *items: Any, page: int = 2) -> None:
        self.items, self.page = list(items), page
        self.maps: list[Any] = []
        self.refused: set[str] = set()
        self.gone = 0

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"kind": "Status", "message": "Unauthorized"}
        words = parts.path.split("/")
        namespace = words[4] if words[3] == "namespaces" else ""
        if namespace in self.refused:
            return 403, {"kind": "Status", "message": "secrets is forbidden"}
        start = int(query.get("continue", ["0"])[0])
        if start and self.gone:
            self.gone -= 1
            return 410, {"kind": "Status", "reason": "Expired"}
        items = self.maps if words[-1] == "configmaps" else self.items
        if namespace:
            items = [each for each in items if each["metadata"]["namespace"] == namespace]
        end = start + self.page
        following = str(end) if end < len(items) else ""
        return 200, {"metadata": {"continue": following}, "items": items[start:end]}


def look(cluster: Cluster, tmp_path: Any, token: str = TOKEN, ca: bytes = CA.pem, **options: Any):
    with standing_in(cluster, issued=SERVER, folder=tmp_path) as server:
        given = {"url": server.url, "ca": ca.decode(), **options}
        assert KubernetesSecrets().check(given, {"token": token}) == []
        found = list(KubernetesSecrets().look(Ask(given, {"token": token}, NOW)))
        return found, server.asked


def places(found: Any) -> list[tuple[str, int, bool]]:
    return [(f.locator, f.position, f.has_key) for f in found if isinstance(f, FoundCertificate)]


def test_certificates_of_all_pages_are_found_and_keys_are_not_read(tmp_path):
    opaque = secret("bundle", {"ca.crt": b64(CA.pem), "note": b64(b"hello")}, kind="Opaque")
    hidden = secret("odd", {"whatever": b64(LEAF.pem)}, kind="Opaque")
    found, asked = look(Cluster(tls("web"), tls("api"), opaque, hidden), tmp_path)
    assert places(found) == [
        ("shop/web/tls.crt", 0, True), ("shop/web/tls.crt", 1, False),
        ("shop/api/tls.crt", 0, True), ("shop/api/tls.crt", 1, False),
        ("shop/bundle/ca.crt", 0, False), ("shop/odd/whatever", 0, False),
    ]  # fmt: skip
    assert len(asked) == 2
    assert "limit=50" in asked[0]
    assert "continue=2" in asked[1]
    assert not any("BEGIN" in str(each) and "PRIVATE" in str(each) for each in found)


def test_a_listing_that_expires_begins_anew(tmp_path):
    cluster = Cluster(tls("a"), tls("b"), tls("c"))
    cluster.gone = 1
    found, asked = look(cluster, tmp_path)
    assert {each[0] for each in places(found)} == {f"shop/{name}/tls.crt" for name in "abc"}
    assert len(asked) == 4
    cluster.gone = 99
    with pytest.raises(SourceError, match="expired again and again"):
        look(cluster, tmp_path)


def test_a_namespace_that_is_refused_is_a_trouble_and_the_others_are_read(tmp_path):
    cluster = Cluster(tls("a"), tls("b", "bank"))
    cluster.refused = {"bank"}
    found, _ = look(cluster, tmp_path, namespaces=["shop", "bank"])
    troubles = [each for each in found if isinstance(each, FoundTrouble)]
    assert [each.locator for each in troubles] == ["bank/"]
    assert "403" in troubles[0].message
    assert len(places(found)) == 2
    with pytest.raises(SourceError, match="403"):
        look(cluster, tmp_path, namespaces=["bank"])


def test_config_maps_are_read_where_asked_for(tmp_path):
    cluster = Cluster()
    cluster.maps = [
        {
            "metadata": {"namespace": "kube", "name": "roots"},
            "data": {"ca-bundle.crt": CA.pem.decode()},
        }
    ]
    assert places(look(cluster, tmp_path)[0]) == []
    found, _ = look(cluster, tmp_path, config_maps=True)
    assert places(found) == [("kube/roots (ConfigMap)/ca-bundle.crt", 0, False)]


def test_what_is_broken_in_one_leaves_the_others(tmp_path):
    broken = [
        secret("one", {"tls.crt": "not base64!"}),
        secret("two", {"tls.crt": b64(BROKEN)}),
        secret("three", {"tls.crt": b64(b"nothing")}),
        {"metadata": None, "data": [1]}, "text", None,
        secret("four", {"tls.crt": 7}),
    ]  # fmt: skip
    found, _ = look(Cluster(*broken, tls("web"), page=20), tmp_path)
    troubles = [each.locator for each in found if isinstance(each, FoundTrouble)]
    assert troubles == [f"shop/{name}/tls.crt" for name in ("one", "two", "three")]
    assert len(places(found)) == 2


def test_a_refused_token_or_a_foreign_server_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="401"):
        look(Cluster(), tmp_path, token="wrong")
    with pytest.raises(SourceError, match="certificate verify failed"):
        look(Cluster(), tmp_path, ca=root("Another").pem)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"items": 7}', b'{"items": []', b"[" * 100_000]
)
def test_an_answer_that_is_no_list_is_an_error_and_not_an_empty_one(body, tmp_path):
    with pytest.raises(SourceError):
        look(lambda *_: (200, body), tmp_path)


def test_options_that_cannot_be_are_told():
    given = {"url": "ftp://x", "namespaces": ["Not_A_Name"], "ca": "nothing"}
    wrong = KubernetesSecrets().check(given, {"token": "a\nb"})
    assert [each.field for each in wrong] == ["url", "ca", "token", "namespaces"]

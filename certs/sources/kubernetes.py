"""Secrets and ConfigMaps of a Kubernetes cluster, through its API.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from certs.normalise import Found, FoundCertificate, FoundTrouble
from certs.sources.fetch import CA, RefusedError, base_url, check_base, fetch_json
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from certs.x509.containers import read_container
from opsportal.lib.errors import FieldError
from opsportal.lib.fields import rows, table, text

# Each may have a megabyte.
PAGE = 50
# How often a listing that expired (410) begins anew.
_ANEW = 3
# Neither holds certificates that anybody renews.
_SELECTOR = "type!=kubernetes.io/service-account-token,type!=helm.sh/release.v1"
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Names of entries that are certificates; the keys beside them are never read.
_ENTRY = re.compile(r".*\.(crt|cer|pem)|ca-bundle.*|.*cert.*", re.IGNORECASE)
_KEY = re.compile(r".*\.key|.*private.*|.*key\.pem", re.IGNORECASE)
_BEGIN = "-----BEGIN CERTIFICATE-----"


class KubernetesSecrets(CertificateSource):
    """`tls.crt`, `ca.crt` and other certificates in Secrets, and in ConfigMaps where asked for."""

    slug = "kubernetes"
    label = "Kubernetes"
    noun = "secret"
    help = "Secrets of a cluster, and ConfigMaps, through its API with a token."
    options = (
        Option("url", "URL of the API server", required=True,
               help="Such as https://kubernetes.example.com:6443."),
        Option("token", "Token", required=True, secret=True,
               help="Of a service account that may list secrets, and nothing else."),
        CA,
        Option("namespaces", "Namespaces", kind="lines", help="Empty: all of them."),
        Option("config_maps", "ConfigMaps too", kind="truth", default=False,
               help="Bundles of authorities are often there."),
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """The URL, and names of namespaces."""
        wrong = check_base(options)
        token = str(secret.get("token") or "")
        if not token.isascii() or not token.isprintable():
            wrong.append(FieldError("token", "has characters that no token has"))
        wrong += [
            FieldError("namespaces", f"{name[:70]!r} is no name of a namespace")
            for name in options.get("namespaces") or ()
            if not _NAMESPACE.fullmatch(name)
        ]
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """Everything that may be listed; a namespace that may not is a trouble of its own."""
        kinds = ["secrets", *(["configmaps"] if ask.options.get("config_maps") else [])]
        namespaces = ask.options.get("namespaces") or [""]
        refused: list[RefusedError] = []
        for kind in kinds:
            for namespace in namespaces:
                try:
                    yield from _listing(ask, kind, namespace)
                except RefusedError as error:
                    if not namespace or error.status not in (403, 404):
                        raise
                    refused.append(error)
                    yield FoundTrouble(f"{namespace}/", f"{kind} cannot be listed: {error}")
        if len(refused) == len(kinds) * len(namespaces):
            raise refused[0]


def _listing(ask: Ask, kind: str, namespace: str) -> Iterator[Found]:
    """All pages; from the first one again when the listing has expired meanwhile."""
    for _ in range(_ANEW):
        try:
            yield from _pages(ask, kind, namespace)
        except RefusedError as error:
            if error.status != 410:
                raise
        else:
            return
    raise SourceError("Its listing expired again and again: 410 Gone.")


def _pages(ask: Ask, kind: str, namespace: str) -> Iterator[Found]:
    inside = f"/namespaces/{quote(namespace)}" if namespace else ""
    query = {"limit": str(PAGE)}
    if kind == "secrets":
        query["fieldSelector"] = _SELECTOR
    headers = {"Authorization": f"Bearer {ask.secret.get('token', '')}"}
    while True:
        answer = fetch_json(
            f"{base_url(ask.options)}/api/v1{inside}/{kind}?{urlencode(query)}",
            headers=headers | {"Accept": "application/json"}, roots=ask.options.get("ca") or "",
        )  # fmt: skip
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise SourceError("It answered no list.")
        for item in rows(answer["items"]):
            yield from _certificates(table(item), kind)
        following = text(table(answer.get("metadata")).get("continue"), 4000)
        if not following:
            return
        if following == query.get("continue"):
            raise SourceError("It gives the same page again and again.")
        query["continue"] = following


def _certificates(item: Mapping[str, Any], kind: str) -> Iterator[Found]:
    about = table(item.get("metadata"))
    place = f"{text(about.get('namespace'), 100)}/{text(about.get('name'), 300)}"
    if kind == "configmaps":
        place = f"{place} (ConfigMap)"
    facts = {"type": text(item.get("type"), 100)} if kind == "secrets" else {"type": "ConfigMap"}
    data = table(item.get("data"))
    has_key = any(_KEY.fullmatch(name) for name in data)
    for name, value in data.items():
        if not isinstance(value, str) or _KEY.fullmatch(name):
            continue
        named = _ENTRY.fullmatch(name) is not None
        if kind == "secrets":
            try:
                content = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                if named:
                    yield FoundTrouble(f"{place}/{name}", "is not in base64")
                continue
        else:
            content = value.encode()
        if named or _BEGIN.encode() in content:
            keyed = has_key and name == "tls.crt"
            yield from _read(f"{place}/{name}", content, facts, has_key=keyed)


def _read(
    locator: str, content: bytes, facts: Mapping[str, Any], *, has_key: bool
) -> Iterator[Found]:
    contents = read_container(content, locator)
    for entry in contents.entries:
        keyed = (has_key and entry.position == 0) or entry.has_key
        yield FoundCertificate(entry.parsed, locator, entry.position, keyed, facts)
    if contents.troubles:
        yield FoundTrouble(locator, " ".join(contents.troubles)[:1000])
    elif not contents.entries and content.strip() and locator.endswith("/tls.crt"):
        yield FoundTrouble(locator, " ".join(contents.notes)[:1000] or "holds no certificate")

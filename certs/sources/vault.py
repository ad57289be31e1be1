"""What a PKI engine of Vault (or OpenBao) has issued.

https://developer.hashicorp.com/vault/api-docs/secret/pki#list-certificates
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from certs.normalise import Found, FoundCertificate, FoundTrouble
from certs.sources.fetch import CA, RefusedError, base_url, check_base, fetch_json
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from certs.x509.containers import read_container
from opsportal.lib.errors import FieldError
from opsportal.lib.fields import number, rows, table, text

# Of one mount: each is a request.
MOST = 20_000
_MOUNT = re.compile(r"[\w-]+(/[\w-]+)*", re.ASCII)
_SERIAL = re.compile(r"[0-9a-fA-F]{1,2}([:-][0-9a-fA-F]{1,2})*")


class VaultPki(CertificateSource):
    """Certificates that were issued there: heard of, since nothing says where they are used."""

    slug = "vault-pki"
    label = "Vault PKI"
    noun = "serial"
    help = "What a PKI engine of Vault or OpenBao has issued; nothing says where it is used."
    options = (
        Option("url", "URL", required=True, help="Such as https://vault.example.com:8200."),
        Option("token", "Token", required=True, secret=True,
               help="Of a policy that may list MOUNT/certs and read MOUNT/cert/*."),
        Option("mount", "Mount", default="pki"),
        Option("namespace", "Namespace", help="Of Vault Enterprise; empty: none."),
        CA,
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """The URL and the mount."""
        wrong = check_base(options)
        if not _MOUNT.fullmatch(options.get("mount") or ""):
            wrong.append(FieldError("mount", "is a path such as pki or team/pki"))
        for name, value in (
            ("namespace", options.get("namespace")),
            ("token", secret.get("token")),
        ):
            if not str(value or "").isascii() or not str(value or "").isprintable():
                wrong.append(FieldError(name, "has characters that it cannot have"))
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """Each by its serial."""
        mount = ask.options.get("mount") or "pki"
        serials = _serials(ask, mount)
        if len(serials) > MOST:
            raise SourceError(f"It has {len(serials)} certificates, {MOST} may be: tidy it.")
        for serial in serials:
            locator = f"{mount}/{serial}"
            if not _SERIAL.fullmatch(serial):
                yield FoundTrouble(locator, "is no serial")
                continue
            try:
                answer = _ask(ask, f"{mount}/cert/{quote(serial)}")
            except RefusedError as error:
                if error.status in (403, 429) or error.status >= 500:
                    raise
                # Tidied since it was listed, or broken.
                yield FoundTrouble(locator, str(error))
                continue
            yield from _certificate(locator, table(table(answer).get("data")))


def _serials(ask: Ask, mount: str) -> list[str]:
    try:
        answer = _ask(ask, f"{mount}/certs", method="LIST")
    except RefusedError as error:
        # An empty listing; a mount that is not there says so.
        if error.status == 404 and _says_nothing(error.body):
            return []
        raise
    keys = table(table(answer).get("data")).get("keys")
    if not isinstance(keys, list):
        raise SourceError("It answered no list of serials.")
    return [text(key, 200) for key in rows(keys)]


def _says_nothing(body: bytes) -> bool:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("errors") == []


def _ask(ask: Ask, path: str, method: str = "GET") -> Any:
    headers = {"X-Vault-Token": str(ask.secret.get("token") or ""), "X-Vault-Request": "true"}
    if namespace := ask.options.get("namespace"):
        headers["X-Vault-Namespace"] = namespace
    return fetch_json(
        f"{base_url(ask.options)}/v1/{path}", method=method, headers=headers,
        roots=ask.options.get("ca") or "",
    )  # fmt: skip


def _certificate(locator: str, data: Mapping[str, Any]) -> Iterator[Found]:
    contents = read_container(text(data.get("certificate"), 1_000_000).encode(), locator)
    facts = {}
    if revoked := number(data.get("revocation_time")):
        facts["revoked_at"] = int(revoked)
    for entry in contents.entries[:1]:
        yield FoundCertificate(entry.parsed, locator, facts=facts)
    if not contents.entries:
        yield FoundTrouble(locator, " ".join((*contents.troubles, *contents.notes))[:1000])

"""An authority that says over HTTP what it took back: lists, and answers of OCSP."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.certs.pki import NOW, Issued

DAY = timedelta(days=1)
Answers = Callable[[bytes], tuple[int, bytes]]


@dataclass
class Said:
    """What is answered at each path, and what was asked: path and body."""

    port: int
    answers: dict[str, Answers] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, body: bytes, status: int = 200) -> None:
        self.answers[path] = lambda _: (status, body)


@contextmanager
def speaking() -> Iterator[Said]:
    """A server on loopback; 404 where nothing is put."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said.asked.append((self.path, body))
            status, answer = said.answers.get(self.path, lambda _: (404, b""))(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said = Said(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def list_at(*urls: str) -> tuple[x509.ExtensionType, bool]:
    """The extension that names the list."""
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
        for url in urls
    ]
    return x509.CRLDistributionPoints(points), False


def responder_at(url: str) -> tuple[x509.ExtensionType, bool]:
    """The extension that names the responder."""
    where = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
    )
    return x509.AuthorityInformationAccess([where]), False


def make_list(
    by: Issued,
    *revoked: Issued,
    at: datetime = NOW,
    lasts: timedelta = 7 * DAY,
    extensions: tuple[tuple[Any, bool], ...] = (),
) -> bytes:
    """A list in DER, of `at`."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject)
    builder = builder.last_update(at.replace(tzinfo=None))
    builder = builder.next_update((at + lasts).replace(tzinfo=None))
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        entry = entry.revocation_date((at - DAY).replace(tzinfo=None))
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def make_answer(
    about: Issued,
    by: Issued,
    *,
    signed_by: Issued | None = None,
    revoked: bool = False,
    at: datetime = NOW,
    lasts: timedelta = 7 * DAY,
) -> bytes:
    """A response in DER; `signed_by`: a delegate, whose certificate is within."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate, by.certificate, hashes.SHA1(),  # noqa: S303
        ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        at.replace(tzinfo=None), (at + lasts).replace(tzinfo=None),
        (at - DAY).replace(tzinfo=None) if revoked else None,
        x509.ReasonFlags.superseded if revoked else None,
    )  # fmt: skip
    signer = signed_by or by
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if signed_by is not None:
        builder = builder.certificates([signed_by.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

"""Amazon on this machine: roots and issuers of its own, a signer, and its addresses over HTTPS."""

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from alerts.formats.aws.envelope import read_envelope, string_to_sign
from tests.alerts.receivers import Reply

FIXTURES = Path(__file__).parent.parent / "fixtures" / "sns"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
SIGNER = "sns.amazonaws.com"
_numbers = count(1)
Message = dict[str, Any]


def fixture(name: str):
    """A file of the fixtures, decoded."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


@cache
def make_rsa_key(name: str):
    """The same for the same name: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        form = PrivateFormat.TraditionalOpenSSL
        return bytes(self.key.private_bytes(Encoding.PEM, form, NoEncryption()))


def issue(
    name: str,
    by: Issuer | None = None,
    *,
    ca: bool = False,
    issuer_url: str = "",
    days: tuple[int, int] = (-30, 30),
    key=None,
) -> Issuer:
    """A certificate; without an issuer a root of its own."""
    key = key or make_rsa_key("issuer" if ca else "end")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = by.key if by else key
    today = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + timedelta(days=days[0]))
        .not_valid_after(today + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if not ca:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if issuer_url:
        place = x509.UniformResourceIdentifier(issuer_url)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return Issuer(builder.sign(signer, SHA256()), key)


@dataclass
class Amazon:
    """Its addresses: what is at a path, and what was asked for."""

    root: Issuer
    url: str = ""
    asked: list[str] = field(default_factory=list)
    # Path without the query -> what is answered.
    at: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    signer: Issuer = field(init=False)

    def reset(self) -> None:
        """As at the start: one signing certificate, issued by the root."""
        self.asked.clear()
        self.at.clear()
        self.sign_with(issue(SIGNER, self.root))

    def sign_with(self, signer: Issuer, *others: Issuer) -> None:
        """Serve this certificate, with others behind it."""
        self.signer = signer
        pem = b"".join(issuer.pem for issuer in (signer, *others))
        self.at["/signing.pem"] = Reply(body=pem)

    def sign(self, message: Message, signer: Issuer | None = None) -> Message:
        """The message with its signature."""
        message = {**message, "Signature": ""}
        hashes = {"1": SHA1, "2": SHA256}
        algorithm = hashes.get(message["SignatureVersion"], SHA256)()
        text = string_to_sign(read_envelope(json.dumps(message).encode()))
        signature = (signer or self.signer).key.sign(text, PKCS1v15(), algorithm)
        return {**message, "Signature": b64encode(signature).decode()}

    def message(self, text: object, *, at: datetime | None = None, **members) -> Message:
        """A signed notification; a member that is None is left out."""
        number = next(_numbers)
        given = {
            "Type": "Notification",
            "MessageId": f"22b80b92-fdea-4c2c-8f9d-{number:012}",
            "TopicArn": TOPIC,
            "Message": text if isinstance(text, str) else json.dumps(text),
            "Timestamp": _stamp(at),
            "SignatureVersion": "1",
            "SigningCertURL": f"{self.url}/signing.pem",
            "UnsubscribeURL": f"{self.url}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
            **members,
        }
        return self.sign({name: value for name, value in given.items() if value is not None})

    def confirmation(self, kind: str = "SubscriptionConfirmation", **members) -> Message:
        """A signed question whether a subscription is wanted, or the news that it has ended."""
        token = "t0ken" * 20
        topic = members.get("TopicArn", TOPIC)
        url = f"{self.url}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"
        return self.message(
            "You have chosen to subscribe.",
            **{
                "Type": kind,
                "Token": token,
                "SubscribeURL": url,
                "UnsubscribeURL": None,
                **members,
            },
        )


def _stamp(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


CONFIRMED = b"""<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <ConfirmSubscriptionResult>
    <SubscriptionArn>arn:aws:sns:eu-west-1:123456789012:alarms:2bcfbf39-05c3-41de-beaa</SubscriptionArn>
  </ConfirmSubscriptionResult>
</ConfirmSubscriptionResponse>"""
REFUSED = b"""<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <Error>
    <Type>Sender</Type><Code>InvalidParameter</Code><Message>Invalid parameter: Token</Message>
  </Error>
</ErrorResponse>"""


@contextmanager
def amazon_server(folder: Path) -> Iterator[Amazon]:
    """Over HTTPS on a free port; what trusts `folder/roots.pem` trusts it."""
    root = issue("Test Root", ca=True)
    server_cert = issue("localhost", root)
    (folder / "roots.pem").write_bytes(root.pem)
    (folder / "server.pem").write_bytes(server_cert.key_pem + server_cert.pem)
    amazon = Amazon(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            amazon.asked.append(self.path)
            reply = amazon.at.get(self.path.partition("?")[0], Reply(404, b"not here"))
            reply = reply if isinstance(reply, Reply) else reply()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args) -> None:
            """Not a word about who does not believe it."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    amazon.url = f"https://localhost:{server.server_port}"
    try:
        yield amazon
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

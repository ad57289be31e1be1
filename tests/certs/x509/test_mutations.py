"""Whatever the bytes are, reading them ends: with what is there, or with words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from certs.x509 import CertificateError, parse_certificate
from certs.x509.containers import read_container
from tests.certs.pki import intermediate
from tests.certs.x509.forge import FILES, der_of

_SEEDS = [intermediate().issue("a.test", "10.0.0.1").der, der_of("dsa.pem"), der_of("server.pem")]
_FILES = [path.read_bytes() for path in sorted(FILES.iterdir())]
# Where, how many bytes go, and what comes instead.
_CHANGES = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 4), st.binary(max_size=4)),
    min_size=1, max_size=4,
)  # fmt: skip


def _changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, gone, come in changes:
        at = place % (len(data) + 1)
        data = data[:at] + come + data[at + gone :]
    return data


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_SEEDS), _CHANGES)
def test_changed_certificates(seed, changes):
    try:
        read = parse_certificate(_changed(seed, changes))
    except CertificateError as error:
        assert error.message
        return
    texts = [read.subject, read.issuer, read.common_name, *read.errors]
    texts += [text for name in read.names for text in (name.value, name.unicode)]
    assert "\x00" not in "".join(texts)
    "".join(texts).encode()
    assert len(read.serial) <= 160


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_FILES), _CHANGES)
def test_changed_containers(seed, changes):
    read = read_container(_changed(seed, changes), "file", ["secret1"])
    assert read.entries or read.troubles or read.notes or read.format


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    read_container(data)
    for head in (b"\x30\x80", b"\xfe\xed\xfe\xed\x00\x00\x00\x02", b"-----BEGIN CERTIFICATE-----"):
        read_container(head + data)

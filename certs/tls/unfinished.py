"""A handshake that goes no further than the server's certificates, which up to TLS 1.2 come in the
clear: for what OpenSSL does not speak (SSLv3, export ciphers, small curves) or finds too large."""

import os
from collections.abc import Iterable

from certs.tls.alerts import alert_name
from certs.tls.failed import Failed
from certs.tls.flight import Flight
from certs.tls.reading import Result
from certs.tls.served import certificates_of
from certs.tls.wire import Wire

_ALERT, _HANDSHAKE = 21, 22
_FATAL = 2
_SERVER_HELLO, _CERTIFICATE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 2, 11, 13, 14
_TLS_1_0, _TLS_1_2 = 0x0301, 0x0303
# Bytes of all that the server says.
_LIMIT = 1024 * 1024
# Ciphers (IANA's registry) with ephemeral keys, by AES and ChaCha20: what is not outdated.
_MODERN = frozenset(
    (
        *(0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0xCCAA, 0x009E, 0x009F, 0x00A2, 0x00A3),
        *(0xC023, 0xC024, 0xC027, 0xC028, 0xC009, 0xC00A, 0xC013, 0xC014, 0x0067, 0x006B),
        *(0x0033, 0x0039, 0x0032, 0x0038, 0x0040, 0x006A),
    )
)
# RSA, Diffie-Hellman in certificates, DES, RC4, export, none: whatever shows a certificate.
_OLD = [
    *range(0x0001, 0x0017),
    *(0x002F, 0x0030, 0x0031, 0x0035, 0x0036, 0x0037, 0x003B, 0x003C, 0x003D),
    *(0x0041, 0x0044, 0x0045, 0x0060, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066),
    *(0x0084, 0x0087, 0x0088, 0x0096, 0x009C, 0x009D),
    *range(0xC001, 0xC009),
    *(0xC00B, 0xC00C, 0xC00D, 0xC00E, 0xC00F, 0xC010, 0xC011, 0xC012),
    *(0xC025, 0xC026, 0xC029, 0xC02A, 0xC02D, 0xC02E, 0xC031, 0xC032),
]
# In place of the extension renegotiation_info (RFC 5746).
_SCSV = 0x00FF
# Curves of SEC 2 with 160 bits and more, brainpool, X25519, X448; hash and signature in pairs.
_GROUPS = [29, 23, 24, 25, 30, *range(26, 29), *range(15, 23), *range(9, 15)]
_SIGNATURES = [
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),
    *(0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101),
]


def _sized(width: int, content: bytes) -> bytes:
    """After its length in so many bytes."""
    return len(content).to_bytes(width) + content


def _listed(numbers: Iterable[int]) -> bytes:
    """Two bytes each, after the length of all."""
    return _sized(2, b"".join(number.to_bytes(2) for number in numbers))


def _extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2) + _sized(2, content)


_CIPHERS = _listed([*sorted(_MODERN, reverse=True), *_OLD, _SCSV])
_EXTENSIONS = (
    _extension(10, _listed(_GROUPS))  # supported_groups
    + _extension(11, b"\x01\x00")  # ec_point_formats: uncompressed
    + _extension(13, _listed(_SIGNATURES))  # signature_algorithms
)


class Unfinished:
    """What a server answers to a ClientHello of our own; nothing is ever sent after it."""

    done = False

    def __init__(self, wire: Wire, server_name: str) -> None:
        self._wire = wire
        self._hello = client_hello(server_name)
        self._records, self._messages = bytearray(), bytearray()
        self._chain: tuple[bytes, ...] = ()
        self._wanted = False
        self.legacy = True

    async def perform(self) -> None:
        """Until the server has said all. Raises Failed."""
        await self._wire.send(self._hello)
        flight = Flight(self._wire, _LIMIT)
        while True:
            self._records += await flight.more()
            self._unpack()
            if self._read():
                return

    def chain(self) -> tuple[bytes, ...]:
        """What was served until now."""
        return self._chain

    def negotiated(self) -> tuple[str, str]:
        """Nothing was."""
        return "", ""

    def client_cert_wanted(self) -> bool:
        """Whether the server asked for a certificate."""
        return self._wanted

    def _unpack(self) -> None:
        """Whole records become messages, or parts of them."""
        while len(self._records) >= 5:
            kind, major = self._records[0], self._records[1]
            end = 5 + int.from_bytes(self._records[3:5])
            if major != 3 or kind not in {_ALERT, _HANDSHAKE}:
                raise Failed(Result.PARSE, f"an unexpected record of type {kind}")
            if len(self._records) < end:
                return
            if kind == _HANDSHAKE:
                self._messages += self._records[5:end]
            elif end >= 7 and self._records[5] == _FATAL:
                number = self._records[6]
                raise Failed(Result.ALERT, alert_name(number), alert=number)
            del self._records[:end]

    def _read(self) -> bool:
        """Whole messages; whether it was the last."""
        while len(self._messages) >= 4:
            kind, end = self._messages[0], 4 + int.from_bytes(self._messages[1:4])
            if len(self._messages) < end:
                return False
            message = bytes(self._messages[:end])
            del self._messages[:end]
            if kind == _SERVER_HELLO:
                self._choose(message)
            elif kind == _CERTIFICATE:
                self._chain = certificates_of(message, _TLS_1_2)
            elif kind == _CERTIFICATE_REQUEST:
                self._wanted = True
            elif kind == _SERVER_HELLO_DONE:
                return True
        return False

    def _choose(self, message: bytes) -> None:
        """Version (2) and random (32), the session's id with its length, cipher (2)."""
        version = int.from_bytes(message[4:6])
        at = 39 + message[38] if len(message) > 38 else len(message)
        cipher = int.from_bytes(message[at : at + 2])
        self.legacy = version != _TLS_1_2 or cipher not in _MODERN


def client_hello(server_name: str) -> bytes:
    """A ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2) in one record."""
    extensions = _EXTENSIONS
    if server_name:
        # server_name: a list of one name, which is a host's (RFC 6066, 3).
        name = b"\x00" + _sized(2, server_name.encode("ascii"))
        extensions = _extension(0, _sized(2, name)) + extensions
    # No session, ciphers, no compression.
    offer = b"\x00" + _CIPHERS + b"\x01\x00"
    hello = _TLS_1_2.to_bytes(2) + os.urandom(32) + offer + _sized(2, extensions)
    return bytes([_HANDSHAKE]) + _TLS_1_0.to_bytes(2) + _sized(2, b"\x01" + _sized(3, hello))

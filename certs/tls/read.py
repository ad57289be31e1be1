"""Read the chain of one target."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any

from certs.tls.alerts import UNRECOGNIZED_NAME
from certs.tls.failed import Failed
from certs.tls.handshake import Handshake
from certs.tls.hints import spoken
from certs.tls.printable import escaped
from certs.tls.profiles import Profile, profiles
from certs.tls.reading import Reading, Result, Target
from certs.tls.starttls import PROTOCOLS, USUAL_PROTOCOLS
from certs.tls.unfinished import Unfinished
from certs.tls.wire import Wire, connect, is_address

# Seconds; for everything together.
TIMEOUT = 10.0
# Bytes that are kept of what is no TLS.
_FIRST = 100
# Characters (RFC 1035, 2.3.4).
_LONGEST_NAME = 253
# How a server ends that waits for another protocol and does not say which.
_MUTE = {Result.RESET, Result.CLOSED, Result.TIMEOUT_HANDSHAKE}
# What another ClientHello may change.
_TRIED_AGAIN = {Result.ALERT, Result.RESET, Result.CLOSED, Result.PARSE}


@dataclass(slots=True)
class _Course:
    """How far it is: also after it was cut off."""

    target: Target
    # As it can be sent; empty: none.
    server_name: str
    began: float = 0.0
    phase: str = "connecting"
    handshake: Handshake | Unfinished | None = None
    profile: Profile = field(default_factory=lambda: profiles()[0])
    # What the first ClientHello came to, where a later one is tried.
    first: Reading | None = None

    def reading(self, result: Result, detail: str = "", **more: Any) -> Reading:
        """A Reading of how it stands."""
        latency = round((time.monotonic() - self.began) * 1000)
        dropped = bool(self.target.server_name) and not self.server_name
        more.setdefault("without_server_name", dropped)
        return Reading(self.target, result, detail, latency_ms=latency, **more)


async def read_chain(target: Target, *, timeout: float = TIMEOUT, fast: bool = False) -> Reading:
    """The chain that is served there, or precisely why there is none.

    `timeout`: seconds for everything together, however many packets that takes. `fast`: for sweeps,
    at a fraction of the CPU: where the server still speaks TLS 1.2, the handshake goes no further
    than the certificates, so that version and cipher stay empty and its log has a handshake that
    was given up. Whatever the other side does is an answer. Raises ValueError for a protocol that
    is none, OSError where this process may open no more sockets.
    """
    if target.protocol not in PROTOCOLS:
        raise ValueError(f"{target.protocol!r} is no protocol of certs.tls")
    course = _Course(target, _sendable(target.server_name), began=time.monotonic())
    try:
        async with asyncio.timeout(timeout):
            return await _through_profiles(course, profiles(fast=fast))
    except TimeoutError:
        return _timed_out(course, timeout)


async def _through_profiles(course: _Course, order: tuple[Profile, ...]) -> Reading:
    """The first that reads a chain; where none does, what the first of them came to."""
    for course.profile in order:
        reading, settled = await _attempt(course)
        if course.server_name and reading.alert == UNRECOGNIZED_NAME and not reading.chain:
            course.first = course.first or reading
            course.server_name = ""
            reading, settled = await _attempt(course)
            if reading.chain:
                reading = replace(reading, alert=UNRECOGNIZED_NAME)
        if settled and reading.chain:
            return reading
        course.first = course.first or reading
        if settled:
            break
    return course.first or reading


async def _attempt(course: _Course) -> tuple[Reading, bool]:
    """One connection; and whether the next profile has nothing to add."""
    course.began, course.phase, course.handshake = time.monotonic(), "connecting", None
    failed = None
    try:
        await _shake_hands(course)
    except Failed as failure:
        failed = failure
    reading = _reading(course, failed)
    if reading.chain:
        # Where it was we who gave up, such as for a small key, less fussy ciphers may get further.
        return reading, failed is None or failed.result is not Result.PARSE
    return reading, reading.result not in _TRIED_AGAIN


async def _shake_hands(course: _Course) -> None:
    target = course.target
    connection = await connect(target)
    try:
        wire = Wire(connection)
        upgrade = PROTOCOLS[target.protocol].upgrade
        if upgrade:
            course.phase = "waiting for STARTTLS"
            await upgrade(wire, replace(target, server_name=_sendable(target.server_name)))
        course.phase = "shaking hands"
        course.handshake = _handshake(wire, course.profile, course.server_name)
        await course.handshake.perform()
    finally:
        connection.close()


def _handshake(wire: Wire, profile: Profile, server_name: str) -> Handshake | Unfinished:
    if profile.context is None:
        return Unfinished(wire, server_name)
    return Handshake(wire, profile.context, server_name, legacy=profile.legacy)


def _reading(course: _Course, failed: Failed | None) -> Reading:
    handshake = course.handshake
    chain = handshake.chain() if handshake else ()
    if handshake is None or not chain:
        failed = failed or Failed(Result.PARSE, "the server sent no certificate")
        facts = _facts_of(failed.first) if failed.first else {}
        detail = failed.detail + _hint(course.target, failed.result, facts)
        return course.reading(failed.result, detail, alert=failed.alert, facts=facts)
    version, cipher = handshake.negotiated()
    if failed is None and not handshake.done and course.first:
        # Why it was read so.
        failed = Failed(Result.OK, course.first.detail, alert=course.first.alert)
    return course.reading(
        Result.OK,
        "" if failed is None or handshake.done else failed.detail,
        chain=chain,
        tls_version=version,
        cipher=cipher,
        client_cert_wanted=handshake.client_cert_wanted(),
        legacy=handshake.legacy,
        alert=failed.alert if failed else None,
    )


def _facts_of(first: bytes) -> dict[str, str]:
    facts = {"first_bytes": escaped(first[:_FIRST])}
    if speaks := spoken(first):
        facts["speaks"] = speaks
    return facts


def _hint(target: Target, result: Result, facts: dict[str, str]) -> str:
    """What may speak there instead of TLS: by what it said, or by its port."""
    if speaks := facts.get("speaks"):
        return f": {speaks}"
    usual = USUAL_PROTOCOLS.get(target.port, "tls")
    if target.protocol == "tls" and usual != "tls" and result in _MUTE:
        return f"; on port {target.port} it is usually {usual}, which begins in the clear"
    return ""


def _timed_out(course: _Course, timeout: float) -> Reading:
    """What there is when time is over: a chain may have come, or an answer to an earlier hello."""
    detail = f"still {course.phase} after {timeout:g} s"
    if course.first and not (course.handshake and course.handshake.chain()):
        return course.first
    if course.phase == "connecting":
        return course.reading(Result.TIMEOUT_CONNECT, detail)
    return _reading(course, Failed(Result.TIMEOUT_HANDSHAKE, detail))


def _sendable(name: str) -> str:
    """As SNI takes it (RFC 6066, 3): without the last dot; empty where it is no host name."""
    name = name.removesuffix(".")
    try:
        encoded = name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    if len(encoded) > _LONGEST_NAME or "\0" in encoded or is_address(encoded):
        return ""
    return encoded

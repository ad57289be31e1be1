"""Certificates made to break what reads them: all that can be read is, and the rest is told."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from certs.x509 import CertificateError, matches_host, parse_certificate
from certs.x509.containers import read_container
from certs.x509.der import SEQUENCE, encode
from certs.x509.weakness import weak_key
from tests.certs.pki import issue
from tests.certs.x509.forge import (
    alternative,
    ec_key,
    extension,
    forge,
    name,
    number,
    oid,
    only,
    rsa_key,
    validity,
)

UTF8, PRINTABLE, TELETEX, BMP, UNIVERSAL, DNS, IP = 0x0C, 0x13, 0x14, 0x1E, 0x1C, 0x82, 0x87


def test_a_negative_and_an_endless_serial():
    read = parse_certificate(forge(serial=number(-255)))
    assert (read.serial, read.errors) == ("-ff", ("The serial number is negative.",))
    long = parse_certificate(forge(serial=number(1 << 100_000)))
    assert len(long.serial) == 128
    assert long.errors == ("The serial number has 12501 bytes, 20 may be.",)


@pytest.mark.parametrize(
    ("times", "before", "after"),
    [
        (("491231235959Z", "500101000000Z"), 2049, 1950),
        (("19600101000000Z", "20500101000000Z"), 1960, 2050),
        (("0001010000Z", "20260101000000+0100"), 2000, 2025),
        (("000101000000Z", "20260101000000.5Z"), 2000, 2026),
    ],
)
def test_times_of_every_form(times, before, after):
    read = parse_certificate(forge(validity=validity(*times)))
    assert (read.not_before.year, read.not_after.year) == (before, after)


def test_the_end_of_time_can_be_shown_anywhere():
    read = parse_certificate(forge(validity=validity("000101000000Z", "99991231235959Z")))
    assert read.details["never_expires"] is True
    assert read.not_after == datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)
    assert read.not_after.astimezone(ZoneInfo("Pacific/Kiritimati")).year == 9999
    old = parse_certificate(forge(validity=validity("00010101000000Z", "000101000000Z")))
    assert old.not_before.year == 1900
    assert old.errors == ()


@pytest.mark.parametrize(
    "wrong", ["20261399000000Z", "261332000000Z", "garbage", "", "2026-01-01 0:0:0"]
)
def test_a_time_that_is_none_is_long_over(wrong):
    read = parse_certificate(forge(validity=validity("250101000000Z", wrong)))
    assert (read.not_before.year, read.not_after.year) == (2025, 1900)
    assert read.names[-1].value == "sound.test"
    assert "notAfter" in read.errors[0]
    assert "is no time" in read.errors[0]


def test_names_in_every_string_type():
    for tag, encoding in ((TELETEX, "latin-1"), (BMP, "utf-16-be"), (UNIVERSAL, "utf-32-be")):
        read = parse_certificate(forge(subject=name((tag, "Bücher AG".encode(encoding)))))
        assert (read.common_name, read.subject) == ("Bücher AG", "CN=Bücher AG")
    read = parse_certificate(forge(subject=name((PRINTABLE, "Bücher".encode()))))
    assert read.common_name == "Bücher"
    broken = parse_certificate(forge(subject=name((BMP, b"\xd8\x00"), (UTF8, b"a"))))
    assert broken.subject == "CN=a,CN=#1e02d800"
    assert broken.common_name == "a"


def test_nul_and_other_characters_that_hide_things_are_seen():
    read = parse_certificate(
        forge(
            subject=name((UTF8, b"good.test\x00.evil.test\x1b[2J"), (UTF8, "\u202etset".encode())),
            extensions=only(alternative((DNS, b"good.test\x00.evil.test"), (DNS, b"ok.test"))),
        )
    )
    assert read.common_name == "good.test\\x00.evil.test\\x1b[2J"
    assert read.subject == "CN=\\e2\\80\\aetset,CN=good.test\\00.evil.test\\1b[2J"
    assert [each.value for each in read.names[2:]] == ["good.test\\x00.evil.test", "ok.test"]
    assert read.errors == ("The dNSName 'good.test\\\\x00.evil.test' is no name of a host.",)
    assert not matches_host(read.names, "good.test")
    assert "\x00" not in repr(read.names) + read.subject + "".join(read.errors)


def test_names_that_are_none():
    read = parse_certificate(
        forge(
            extensions=only(
                alternative((IP, b"\x7f\x00\x00"), (DNS, b""), (DNS, b"b\xfccher.test"), (5, b""),
                            (DNS, b"ok.test"), (DNS, b"ok.test"), (0xA0, b"\x06\x01\x2a"))
            )
        )
    )  # fmt: skip
    assert [each.value for each in read.names[1:]] == ["", "bücher.test", "ok.test"]
    assert len(read.errors) == 5


def test_a_broken_extension_hides_no_other():
    read = parse_certificate(
        forge(
            add=extension("2.5.29.31", b"\x30\x05\x01")
            + extension("2.5.29.14", b"\x04\x02hi")
            + extension("1.2.3.4", b"whatever")
            + extension("1.3.6.1.4.1.11129.2.4.2", b"\x04\x03\x00\x09\x00")
        )
    )
    assert read.names[-1].value == "sound.test"
    assert read.details["key_usage"] == ["digital_signature"]
    assert [error.split(":")[0] for error in read.errors] == [
        "cRLDistributionPoints cannot be read",
        "subjectKeyIdentifier is there twice; the first counts.",
        "the list of SCTs cannot be read",
    ]


def test_keys_that_no_library_takes():
    bits = b"\x03\x01\x00"
    for spki, kind in (
        (ec_key("1.2.840.10045.3.1.1"), ("ec", 192, "secp192r1")),
        (ec_key("1.2.3.4.5"), ("ec", None, "1.2.3.4.5")),
        (rsa_key(1 << 511), ("rsa", 512, "")),
        (encode(SEQUENCE, encode(SEQUENCE, oid("1.2.3")) + bits), ("other", None, "1.2.3")),
        (encode(SEQUENCE, b""), ("other", None, "")),
    ):  # fmt: skip
        read = parse_certificate(forge(spki=spki))
        assert (read.key_type, read.key_size, read.key_curve) == kind
        assert read.names[-1].value == "sound.test"


def test_huge_keys_are_not_waited_for():
    began = time.process_time()
    for spki, size in (
        (rsa_key((1 << 262_143) + 1), 262_144),
        (rsa_key((1 << 8191) + 1, (1 << 8191) - 1), 8192),
    ):
        read = parse_certificate(forge(spki=spki))
        assert read.key_size == size
        assert read.self_signed is False
        assert "Whether it signed itself cannot be checked" in read.errors[-1]
    assert time.process_time() - began < 1
    assert weak_key(parse_certificate(forge(spki=rsa_key(1 << 2047, 1)))) is not None


def test_more_names_than_anybody_has():
    read = parse_certificate(
        forge(extensions=only(alternative(*((DNS, b"%d.t" % n) for n in range(30_000)))))
    )
    assert len(read.names) == 20_001
    assert read.errors == ("subjectAltName has more than 20000 names; the rest is left out.",)
    common = parse_certificate(forge(subject=name(*[(UTF8, b"x")] * 1_000), extensions=b""))
    assert len(common.names) == 100
    assert common.errors == ("The subject has 1000 common names; 100 are kept.",)


def test_what_follows_the_certificate_is_left_out():
    sound = issue(("a.test",)).der
    read = parse_certificate(sound + b"junk")
    assert (read.der, read.sha256) == (sound, parse_certificate(sound).sha256)
    assert read.errors == ("4 bytes after the certificate are left out.",)


@pytest.mark.parametrize(
    ("der", "words"),
    [
        (b"", "the data ends at byte 0"),
        (b"hello, world", "it begins with 0x68, not with 0x30"),
        (b"\x30\x80\x00\x00", "the length at byte 1 is not definite"),
        (b"\x30\x82\xff\xff\x00", "wants 65535 bytes, and 1 are there"),
        (b"\x30\x03\x02\x01\x00", "has 1 parts, not 3"),
        (b"\x30\x03\x1f\x81\x00", "the tag at byte 2 has more than one byte"),
        (b"\x30" * 2_000_000, "2000000 bytes, and 1048576 may be"),
        (forge(validity=encode(SEQUENCE, b"")), "has 0 times, not 2"),
        (forge(serial=b"\x02\x00"), "the serial number"),
    ],
)  # fmt: skip
def test_what_is_no_certificate_says_what_and_where(der, words):
    with pytest.raises(CertificateError) as raised:
        parse_certificate(der)
    assert words in raised.value.message
    assert len(raised.value.message) < 300


@pytest.mark.parametrize(
    "data",
    [
        b"A" * 64 + b" " * 100_000 + b"!",
        b"-----BEGIN CERTIFICATE-----" + b":" * 100_000 + b"-----END CERTIFICATE-----",
    ],
)
def test_texts_that_look_like_pem_for_long_are_given_up_at_once(data):
    began = time.process_time()
    assert read_container(data).entries == ()
    assert time.process_time() - began < 2

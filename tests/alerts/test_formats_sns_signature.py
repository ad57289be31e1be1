"""Which messages are believed to be from SNS, and whom is asked to find out."""

import json
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from alerts.formats.aws import certificates, signature
from alerts.formats.aws.envelope import read_envelope
from alerts.formats.aws.signature import check_envelope
from opsportal.lib.errors import ForbiddenError
from tests.alerts.amazon import FIXTURES, SIGNER, fixture, issue, make_rsa_key

CAPTURED = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


def checked(message, now=None):
    check_envelope(read_envelope(json.dumps(message).encode()), now or datetime.now(UTC))


class TestSignature:
    @pytest.mark.parametrize(
        "name",
        [
            "notification-v1", "notification-v1-subject", "notification-v2",
            "subscription-confirmation", "unsubscribe-confirmation",
        ],
    )  # fmt: skip
    def test_what_amazon_itself_has_signed_is_right_and_nothing_else(self, monkeypatch, name):
        pem = FIXTURES / "SimpleNotificationService-7506a1e35b36ef5a444dd1a8e7cc3ed8.pem"
        real = x509.load_pem_x509_certificate(pem.read_bytes())
        monkeypatch.setattr(signature, "signing_key", lambda url, now: real.public_key())
        message = fixture(name)
        checked(message, CAPTURED)
        signed = {"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
        confirms = "Token" in message
        signed |= {"Token", "SubscribeURL"} if confirms else {"Subject"} & set(message)
        for member in signed - {"Type"}:
            changed = message[member].replace("arn:aws:", "arn:aws-cn:").replace("T19:", "T20:")
            changed = changed if changed != message[member] else message[member] + "1"
            with pytest.raises(ForbiddenError):
                checked({**message, member: changed}, CAPTURED)

    def test_a_type_that_was_changed_is_noticed(self, amazon):
        confirmation = amazon.confirmation()
        with pytest.raises(ForbiddenError, match="signature is wrong"):
            checked({**confirmation, "Type": "UnsubscribeConfirmation"})

    def test_amazons_real_chain_leads_to_a_root_of_this_machine(self, monkeypatch):
        """With the issuer that the certificate says it has, and not without."""
        if not any(b"Amazon Root CA 1" in der for der in _default_roots()):
            pytest.skip("this machine does not trust Amazon's roots")
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        pem = FIXTURES / "SimpleNotificationService-7506a1e35b36ef5a444dd1a8e7cc3ed8.pem"
        real = x509.load_pem_x509_certificate(pem.read_bytes())
        issuer = x509.load_pem_x509_certificate((FIXTURES / "AmazonRSA2048M01.pem").read_bytes())
        asked = []
        monkeypatch.setattr(certificates, "_fetch", lambda url: asked.append(url) or [issuer])
        assert certificates._trusted([real], CAPTURED) == real
        assert asked == ["http://crt.r2m01.amazontrust.com/r2m01.cer"]
        with pytest.raises(ForbiddenError, match="no trusted root"):
            certificates._trusted([real], CAPTURED + timedelta(days=365))
        monkeypatch.setattr(certificates, "_fetch", lambda url: [real])
        with pytest.raises(ForbiddenError, match="no trusted root"):
            certificates._trusted([real], CAPTURED)

    @pytest.mark.parametrize("version", ["1", "2"])
    @pytest.mark.parametrize("subject", [None, "", "ALARM: \u00e4"])
    def test_both_versions_with_and_without_a_subject(self, amazon, version, subject):
        message = amazon.message("line\nline \u2603", SignatureVersion=version, Subject=subject)
        checked(message)
        with pytest.raises(ForbiddenError, match="signature is wrong"):
            checked({**message, "SignatureVersion": "2" if version == "1" else "1"})

    def test_another_key_is_noticed(self, amazon):
        other = issue(SIGNER, amazon.root, key=make_rsa_key("another"))
        message = amazon.sign(amazon.message("x"), signer=other)
        with pytest.raises(ForbiddenError, match="signature is wrong"):
            checked(message)

    @pytest.mark.parametrize("away", [timedelta(minutes=59), timedelta(minutes=-59)])
    def test_within_an_hour_it_is_not_too_old(self, amazon, away):
        checked(amazon.message("x", at=datetime.now(UTC) - away))

    @pytest.mark.parametrize(
        ("members", "complaint"),
        [
            ({"Timestamp": "2026-03-06T19:55:38.903Z"}, "more than an hour"),
            ({"Timestamp": "0001-01-01T00:00:00+23:59"}, "more than an hour"),
            ({"Timestamp": "9999-12-31T23:59:59-23:59"}, "more than an hour"),
            ({"Timestamp": "soon"}, "not a time"),
            ({"SignatureVersion": "3"}, "neither 1 nor 2"),
            ({"SignatureVersion": "1 "}, "neither 1 nor 2"),
        ],
    )
    def test_what_is_wrong_without_asking_is_told_without_asking(self, amazon, members, complaint):
        with pytest.raises(ForbiddenError, match=complaint):
            checked(amazon.message("x", **members))
        assert amazon.asked == []

    @pytest.mark.parametrize("given", ["", "????", "YQ==\n", "\u00e4\u00e4"])
    def test_a_signature_that_is_none(self, amazon, given):
        with pytest.raises(ForbiddenError):
            checked({**amazon.message("x"), "Signature": given})
        with pytest.raises(ForbiddenError, match="wrong"):
            checked({**amazon.message("x"), "Signature": b64encode(b"x" * 3000).decode()})

    @pytest.mark.parametrize(
        "url",
        [
            "http://sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com.evil.test/a.pem",
            "https://evil.test/sns.us-east-1.amazonaws.com/a.pem",
            "https://evil.test#sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com@evil.test/a.pem",
            "https://evil.test\\@sns.us-east-1.amazonaws.com/a.pem",
            "https://user@sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com:8443/a.pem",
            "https://sns.us-east-1.amazonaws.com./a.pem",
            "https://sns.us-east-1.amazonaws.com%2eevil.test/a.pem",
            "https://xsns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonawsXcom/a.pem",
            "https://sns.us-east-1.amazonaws.com.cn.evil.test/a.pem",
            "https://sns.s3.amazonaws.com/a.pem",
            "https://sns.s3-us-west-2.amazonaws.com/a.pem",
            "https://sns.us-\u0435ast-1.amazonaws.com/a.pem",
            "https://169.254.169.254/latest/meta-data/a.pem",
            "https://[::ffff:169.254.169.254]/a.pem",
            "https://[::1/a.pem",
            "https://localhost/a.pem",
            "https://sns.us-east-1.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com/a.pem.exe",
            "https://sns.us-east-1.amazonaws.com/?a.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem?b",
            "file:///etc/passwd.pem",
            "gopher://sns.us-east-1.amazonaws.com/a.pem",
            "//sns.us-east-1.amazonaws.com/a.pem",
            "",
        ],
    )
    def test_a_certificate_elsewhere_is_never_asked_for(self, monkeypatch, url):
        monkeypatch.setattr(
            certificates, "send_request", lambda *args, **more: pytest.fail("it asked")
        )
        message = {**fixture("notification-v1"), "SigningCertURL": url}
        with pytest.raises(ForbiddenError, match="SigningCertURL"):
            checked(message, CAPTURED)

    @pytest.mark.parametrize(
        "host",
        [
            "sns.us-east-1.amazonaws.com", "sns.ap-southeast-7.amazonaws.com",
            "sns.us-gov-west-1.amazonaws.com", "sns.cn-northwest-1.amazonaws.com.cn",
        ],
    )  # fmt: skip
    def test_the_addresses_of_sns_are_known(self, host):
        assert signature.check_sns_url(f"https://{host}/a.pem", "URL").netloc == host


def _default_roots():
    return ssl.create_default_context().get_ca_certs(binary_form=True)

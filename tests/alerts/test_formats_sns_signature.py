"""Which messages are believed to be from SNS, and whom is asked to find out."""

import json
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from alerts.formats.aws import certificates, signature
from alerts.formats.aws.envelope import read_envelope
from alerts.formats.aws.signature import check_envelope
from opsportal.lib.errors import ForbiddenError, UnavailableError
from tests.alerts.amazon import FIXTURES, SIGNER, fixture, issue, make_rsa_key
from tests.alerts.receivers import Reply

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


class TestCertificates:
    def test_a_certificate_is_fetched_once(self, amazon):
        for _ in range(3):
            checked(amazon.message("x"))
        assert amazon.asked == ["/signing.pem"]

    def test_no_more_than_a_few_are_remembered(self, amazon):
        for number in range(certificates.MOST_REMEMBERED + 8):
            amazon.at[f"/{number}.pem"] = amazon.at["/signing.pem"]
            certificates.signing_key(f"{amazon.url}/{number}.pem", datetime.now(UTC))
        assert len(certificates._seen) == certificates.MOST_REMEMBERED

    @pytest.mark.parametrize(
        "name",
        [
            "sns.amazonaws.com", "sns-signing.me-south-1.amazonaws.com",
            "sns-us-gov-west-1.amazonaws.com", "sns-cn-north-1.amazonaws.com.cn",
        ],
    )  # fmt: skip
    def test_the_names_of_sns_are_known(self, amazon, name):
        amazon.sign_with(issue(name, amazon.root))
        checked(amazon.message("x"))

    @pytest.mark.parametrize(
        "name",
        [
            "evil.test", "sns.amazonaws.com.evil.test", "sns.evil.test", "s3.amazonaws.com",
            "sns-signing.s3.amazonaws.com", "xsns.amazonaws.com", "sns.evil.amazonaws.com",
        ],
    )  # fmt: skip
    def test_a_certificate_for_another_is_refused(self, amazon, name):
        amazon.sign_with(issue(name, amazon.root))
        with pytest.raises(ForbiddenError, match="not for SNS"):
            checked(amazon.message("x"))

    def test_one_that_leads_to_no_trusted_root_is_refused(self, amazon):
        amazon.sign_with(issue(SIGNER, issue("Another Root", ca=True)))
        with pytest.raises(ForbiddenError, match="no trusted root"):
            checked(amazon.message("x"))

    def test_one_that_signed_itself_is_refused(self, amazon):
        amazon.sign_with(issue(SIGNER))
        with pytest.raises(ForbiddenError, match="no trusted root"):
            checked(amazon.message("x"))

    def test_an_end_certificate_issues_none(self, amazon):
        other = issue("other.amazonaws.com", amazon.root)
        amazon.sign_with(issue(SIGNER, other), other)
        with pytest.raises(ForbiddenError, match="no trusted root"):
            checked(amazon.message("x"))

    @pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
    def test_one_that_is_not_valid_now_is_refused(self, amazon, days):
        amazon.sign_with(issue(SIGNER, amazon.root, days=days))
        with pytest.raises(ForbiddenError):
            checked(amazon.message("x"))

    def test_one_that_was_remembered_ends_when_its_time_is_over(self, amazon):
        checked(amazon.message("x"))
        later = datetime.now(UTC) + timedelta(days=31)
        with pytest.raises(ForbiddenError, match="not valid at this time"):
            checked(amazon.message("x", at=later), later)

    def test_an_issuer_that_is_served_with_it_will_do(self, amazon):
        issuer = issue("Test Issuer", amazon.root, ca=True)
        amazon.sign_with(issue(SIGNER, issuer), issuer)
        checked(amazon.message("x"))

    def test_an_issuer_that_is_missing_is_fetched_from_where_it_says(self, amazon, hooks):
        issuer = issue("Test Issuer", amazon.root, ca=True)
        amazon.sign_with(issue(SIGNER, issuer, issuer_url=f"{hooks.url}/issuer.cer"))
        hooks.reply = lambda request: Reply(body=issuer.der)
        checked(amazon.message("x"))
        assert [request.path for request in hooks.requests] == ["/issuer.cer"]

    def test_issuers_are_not_followed_for_ever(self, amazon, hooks):
        url = f"{hooks.url}/issuer.cer"
        issuer = issue("Test Issuer", issue("Another Root", ca=True), ca=True, issuer_url=url)
        amazon.sign_with(issue(SIGNER, issuer, issuer_url=url))
        hooks.reply = lambda request: Reply(body=issuer.der)
        with pytest.raises(ForbiddenError, match="no trusted root"):
            checked(amazon.message("x"))
        assert len(hooks.requests) == certificates.MOST_ISSUERS

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/x.cer",
            "file:///etc/passwd",
            "ldap://x/y",
            "http://10.0.0.1/",
        ],
    )
    def test_an_issuer_in_a_private_place_is_not_asked_for(self, amazon, url):
        issuer = issue("Test Issuer", amazon.root, ca=True)
        amazon.sign_with(issue(SIGNER, issuer, issuer_url=url))
        with pytest.raises(ForbiddenError, match="cannot be fetched"):
            checked(amazon.message("x"))

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(404), Reply(403), Reply(301, headers={"Location": "/other.pem"}),
            Reply(302, headers={"Location": "http://169.254.169.254/"}), Reply(body=b""),
            Reply(body=b"nonsense"), Reply(body=b"-----BEGIN CERTIFICATE-----\nAAAA\n"),
            Reply(body=b"x" * 100_000),
        ],
    )  # fmt: skip
    def test_what_is_no_certificate_is_refused_and_a_redirect_not_followed(self, amazon, reply):
        amazon.at["/signing.pem"] = reply
        with pytest.raises(ForbiddenError):
            checked(amazon.message("x"))
        assert amazon.asked == ["/signing.pem"]

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_what_cannot_be_had_now_may_be_had_later(self, amazon, status):
        good = amazon.at["/signing.pem"]
        amazon.at["/signing.pem"] = Reply(status)
        now = datetime.now(UTC)
        with pytest.raises(UnavailableError):
            checked(amazon.message("x"), now)
        amazon.at["/signing.pem"] = good
        with pytest.raises(UnavailableError):  # not asked again at once
            checked(amazon.message("x"), now)
        checked(amazon.message("x"), now + certificates.FAILED_FOR)
        assert len(amazon.asked) == 2

    def test_a_server_that_is_not_sns_is_not_believed(self, amazon, monkeypatch, tmp_path):
        """The roots of another world: the HTTPS connection itself does not come about."""
        (tmp_path / "other.pem").write_bytes(issue("Another Root", ca=True).pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        with pytest.raises(UnavailableError):
            checked(amazon.message("x"))
        assert amazon.asked == []

    def test_a_key_of_another_kind_is_refused(self, amazon):
        amazon.at["/signing.pem"] = Reply(
            body=issue(SIGNER, amazon.root, key=ec.generate_private_key(ec.SECP256R1())).pem
        )
        with pytest.raises(ForbiddenError, match="no RSA key"):
            checked(amazon.message("x"))

    def test_a_machine_without_roots_says_so(self, amazon, monkeypatch):
        monkeypatch.setattr(certificates, "trusted_roots", list)
        with pytest.raises(UnavailableError, match="SSL_CERT_FILE"):
            checked(amazon.message("x"))

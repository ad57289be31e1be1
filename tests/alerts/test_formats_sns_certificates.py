"""The certificates that SNS signs with: whose they are, and what is asked to find out."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from alerts.formats.aws import certificates
from alerts.formats.aws.envelope import read_envelope
from alerts.formats.aws.signature import check_envelope
from opsportal.lib.errors import ForbiddenError, UnavailableError
from tests.alerts.amazon import SIGNER, issue
from tests.alerts.receivers import Reply
from tests.waiting import wait_until

CAPTURED = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


def checked(message, now=None):
    check_envelope(read_envelope(json.dumps(message).encode()), now or datetime.now(UTC))


class TestCertificates:
    def test_a_certificate_is_fetched_once(self, amazon):
        for _ in range(3):
            checked(amazon.message("x"))
        assert amazon.asked == ["/signing.pem"]

    def test_many_that_want_one_at_the_same_time_wait_for_one_look(self, amazon, monkeypatch):
        monkeypatch.setattr(certificates, "TIMEOUT", 30.0)
        url, served = f"{amazon.url}/signing.pem", amazon.at["/signing.pem"]
        come, found = threading.Barrier(8), []

        def slowly():
            come.wait(10)  # the seven others are about to ask
            return served

        def ask():
            if amazon.asked:
                come.wait(10)
            found.append(certificates.signing_key(url, datetime.now(UTC)))

        amazon.at["/signing.pem"] = slowly
        first = threading.Thread(target=ask)
        first.start()
        wait_until(lambda: amazon.asked)
        others = [threading.Thread(target=ask) for _ in range(7)]
        for thread in others:
            thread.start()
        for thread in [first, *others]:
            thread.join()
        assert (len(found), amazon.asked) == (8, ["/signing.pem"])

    def test_who_waits_too_long_comes_again(self, amazon, monkeypatch):
        monkeypatch.setattr(certificates, "TIMEOUT", 0.01)
        with certificates._lock, pytest.raises(UnavailableError, match="being fetched"):
            certificates.signing_key(f"{amazon.url}/signing.pem", datetime.now(UTC))

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

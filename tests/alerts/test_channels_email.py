"""E-mail, against a real SMTP server."""

import smtplib
from dataclasses import replace
from email.utils import parseaddr
from typing import Any

import pytest

from alerts.channels import Message, PartlyDeliveredError
from alerts.channels.email import EmailChannel
from alerts.channels.words import subject_of
from alerts.normalise import Link
from opsportal.lib.errors import DeliveryError, PayloadError
from tests.alerts.makers import NOW
from tests.alerts.receivers import mail_server
from tests.portal import free_port

TO = {"to": ["ops@example.org"]}


def message(**values) -> Message:
    defaults: dict[str, Any] = {
        "kind": "opened",
        "at": NOW,
        "idempotency_key": "opsportal-notification-7-1",
        "thread_key": "opsportal-notification-7-1",
        "episode_key": "opsportal-alert-3-1",
        "alert_id": 3,
        "dedup_key": "k",
        "name": "DiskFull",
        "severity": "critical",
        "summary": "Disk is full",
        "service": "billing",
        "url": "http://portal.example.org/alerts/3/",
        "portal_url": "http://portal.example.org",
        "starts_at": NOW,
        "received_at": NOW,
    }
    return Message(**defaults | values)


@pytest.fixture
def server(settings):
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "Portal <portal@example.org>"
        yield found


def test_a_mail_has_text_and_html_and_the_servers_answer_comes_back(server):
    answer = EmailChannel.send(
        message(
            labels={"host": "db<1>"},
            links=(Link("https://grafana.example.org/d/1", "Graph"), Link("javascript:alert(1)")),
            runbook_url="https://wiki.example.org/disk",
        ),
        TO,
    )
    assert answer == "250 queued as 4711"
    [received] = server.received
    assert received.recipients == ["ops@example.org"]
    mail = received.mail
    assert mail["Subject"] == "[CRITICAL] billing: Disk is full"
    assert parseaddr(mail["From"])[1] == "portal@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Opsportal-Alert"] == "3"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "http://portal.example.org/alerts/3/" in text
    assert "host: db<1>" in text
    assert "host=db&lt;1&gt;" in html
    for body in (text, html):
        assert "https://wiki.example.org/disk" in body
        assert "https://grafana.example.org/d/1" in body
        assert "javascript:" not in body


def test_an_episode_is_one_thread_and_a_repeated_attempt_the_same_mail(server):
    first = message()
    for said in (first, first, replace(first, kind="resolved", idempotency_key="n-8")):
        EmailChannel.send(said, TO)
    one, again, end = [received.mail for received in server.received]
    assert one["Message-ID"] == again["Message-ID"] == "<opsportal-notification-7-1@example.org>"
    assert one["In-Reply-To"] is None
    assert end["Message-ID"] == "<n-8@example.org>"
    assert end["In-Reply-To"] == end["References"] == one["Message-ID"]
    assert end["Subject"] == "[RESOLVED] billing: Disk is full"


def test_line_breaks_in_names_make_no_headers(server):
    evil = "x\r\nBcc: victim@example.org\r\n\r\nbody\x00\u2028"
    EmailChannel.send(message(summary=evil, service=evil, name=evil), TO)
    [received] = server.received
    assert received.recipients == ["ops@example.org"]
    assert received.mail["Bcc"] is None
    assert "Bcc: victim" in received.mail["Subject"]


def test_a_subject_is_one_line_of_bounded_length():
    assert "\n" not in subject_of(message(summary="a\nb" * 500))
    assert len(subject_of(message(summary="x" * 1024))) == 250


def test_letters_of_all_kinds_arrive(server):
    EmailChannel.send(message(summary="Größe 大 🔥", description=".\nFrom here"), TO)
    [received] = server.received
    assert received.mail["Subject"].endswith("Größe 大 🔥")
    assert "Größe 大 🔥" in received.mail.get_body(("plain",)).get_content()


def test_recipients_refused_for_good_are_reported_and_the_others_get_it(server):
    server.refuse["gone@example.org"] = "550 no such user"
    answer = EmailChannel.send(message(), {"to": ["ops@example.org", "gone@example.org"]})
    assert answer == "250 queued as 4711 (refused: gone@example.org: 550 no such user)"
    assert server.received[0].recipients == ["ops@example.org"]


def test_recipients_refused_for_now_are_tried_again_alone(server):
    server.refuse["late@example.org"] = "451 greylisted"
    to = {"to": ["ops@example.org", "late@example.org"]}
    with pytest.raises(PartlyDeliveredError) as caught:
        EmailChannel.send(message(), to)
    assert caught.value.accepted == ("ops@example.org",)
    assert not caught.value.permanent
    server.refuse.clear()
    EmailChannel.send(message(accepted=frozenset(caught.value.accepted)), to)
    assert [received.recipients for received in server.received] == [
        ["ops@example.org"],
        ["late@example.org"],
    ]


def test_when_the_rest_is_refused_for_good_the_delivery_is_over(server):
    server.refuse["late@example.org"] = "550 no such user"
    answer = EmailChannel.send(
        message(accepted=frozenset(["ops@example.org"])),
        {"to": ["ops@example.org", "late@example.org"]},
    )
    assert answer == "refused: late@example.org: 550 no such user"
    assert server.received == []


@pytest.mark.parametrize(
    ("reply", "permanent"), [("550 no such user", True), ("450 try later", False)]
)
def test_all_recipients_refused_is_an_error(server, reply, permanent):
    server.refuse["ops@example.org"] = reply
    with pytest.raises(DeliveryError, match=reply[4:]) as caught:
        EmailChannel.send(message(), TO)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(("reply", "permanent"), [("554 spam", True), ("452 full", False)])
def test_content_refused_is_an_error(server, reply, permanent):
    server.data_reply = reply
    with pytest.raises(DeliveryError, match=reply) as caught:
        EmailChannel.send(message(), TO)
    assert caught.value.permanent is permanent


def test_a_server_that_is_down_is_worth_a_retry(settings, server):
    settings.EMAIL_PORT = free_port()
    with pytest.raises(DeliveryError, match="no SMTP server answers") as caught:
        EmailChannel.send(message(), TO)
    assert not caught.value.permanent


def test_a_server_that_breaks_off_is_worth_a_retry(server, monkeypatch):
    def broken(self, content):
        raise smtplib.SMTPServerDisconnected("lost")

    monkeypatch.setattr(smtplib.SMTP, "data", broken)
    with pytest.raises(DeliveryError, match="lost") as caught:
        EmailChannel.send(message(), TO)
    assert not caught.value.permanent


def test_a_server_that_takes_its_time_is_left_before_anything_is_sent(server, monkeypatch):
    monkeypatch.setattr("alerts.channels.email.SESSION_SECONDS", 0.0)
    with pytest.raises(DeliveryError, match="took more than") as caught:
        EmailChannel.send(message(), TO)
    assert not caught.value.permanent
    assert server.received == []


def test_other_backends_take_the_mail_as_it_is(settings, mailoutbox):
    EmailChannel.send(message(), TO)
    assert mailoutbox[0].subject == "[CRITICAL] billing: Disk is full"


def test_settings_are_addresses():
    assert EmailChannel.clean({"to": "a@example.org, b@bücher.example"}) == {
        "to": ["a@example.org", "b@xn--bcher-kva.example"]
    }
    wrong: Any
    for wrong in ({}, {"to": []}, {"to": ["no"]}, {"to": ["a@b.org\nBcc: x@y.org"]}, {"to": 5}):
        with pytest.raises(PayloadError) as caught:
            EmailChannel.clean(wrong)
        assert caught.value.errors[0].field.startswith("settings.to")
    with pytest.raises(PayloadError):
        EmailChannel.clean({"to": ["a@example.org"], "cc": "b@example.org"})

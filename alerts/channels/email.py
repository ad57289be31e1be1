"""E-mail over SMTP, by the portal's mail settings. One episode is one thread.

A repeated attempt carries the same Message-ID, so mail stores drop a second copy. The SMTP
conversation is held here rather than by Django's backend, since that drops the answers: which
recipients were refused, and under which id the server queued the mail.
"""

import contextlib
import re
import smtplib
import time
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings as portal
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils.encoding import punycode

from alerts.channels import ChannelKind, Message, PartlyDeliveredError, SettingField
from alerts.channels.words import colour_of, heading_of, subject_of, text_of
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError

MAX_RECIPIENTS = 100
# For all of a conversation; each step has the timeout of the mail settings as well.
SESSION_SECONDS = 25.0


class EmailChannel(ChannelKind):
    """Mail to a list of recipients."""

    slug = "email"
    label = "E-mail"
    fields = (SettingField("to", "Recipients", kind="list", required=True),)

    @classmethod
    def clean(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As the base does, and every recipient is an address."""
        cleaned = super().clean(settings)
        errors, addresses = [], []
        for number, text in enumerate(cleaned["to"]):
            try:
                addresses.append(_clean_address(text))
            except ValidationError:
                errors.append(FieldError(f"settings.to.{number}", f"{text!r} is not an address"))
        if len(addresses) > MAX_RECIPIENTS:
            errors.append(FieldError("settings.to", f"at most {MAX_RECIPIENTS} recipients"))
        if errors:
            text = "; ".join(error.message for error in errors)
            raise PayloadError(f"The channel's settings are not right: {text}", errors)
        return cleaned | {"to": list(dict.fromkeys(addresses))}

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Mail those who do not have it yet; the server's answer, with whom it refused."""
        recipients = [to for to in settings["to"] if to not in message.accepted]
        if not recipients:
            return "every recipient has it already"
        mail = compose_mail(message, settings["to"])
        backend = get_connection()
        if isinstance(backend, EmailBackend):
            return _converse(backend, mail, recipients, message.accepted)
        mail.to = recipients
        backend.send_messages([mail])
        return f"handed to {type(backend).__module__}"


def _clean_address(text: str) -> str:
    """The address with its domain in ASCII. Raises ValidationError."""
    validate_email(text)
    user, _, domain = text.rpartition("@")
    if not user.isascii():
        raise ValidationError("not ASCII")
    return f"{user}@{punycode(domain)}"


def compose_mail(message: Message, to: Sequence[str]) -> EmailMultiAlternatives:
    """The mail: text and HTML, and the headers that thread it and keep robots from answering."""
    subject = subject_of(message)
    context = {
        "message": message,
        "title": subject,
        "heading": heading_of(message),
        "colour": colour_of(message),
    }
    headers = {
        "Message-ID": _message_id(message.idempotency_key),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Opsportal-Kind": message.kind,
        "X-Opsportal-Alert": str(message.alert_id),
        "X-Opsportal-Severity": message.severity,
        "X-Opsportal-Idempotency-Key": message.idempotency_key,
    }
    if not message.first:
        headers["In-Reply-To"] = headers["References"] = _message_id(message.thread_key)
    mail = EmailMultiAlternatives(
        subject=subject,
        body=text_of(message),
        from_email=portal.DEFAULT_FROM_EMAIL,
        to=list(to),
        headers=headers,
    )
    mail.attach_alternative(render_to_string("alerts/email/message.html", context), "text/html")
    return mail


def _message_id(key: str) -> str:
    domain = parseaddr(portal.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "opsportal.invalid"
    return f"<{key}@{punycode(domain)}>"


def _converse(
    backend: EmailBackend,
    mail: EmailMultiAlternatives,
    recipients: Sequence[str],
    before: frozenset[str],
) -> str:
    """One SMTP session. What the server says of the session itself is always worth a retry."""
    deadline = time.monotonic() + SESSION_SECONDS
    try:
        try:
            backend.open()
            smtp = backend.connection
            if smtp is None:  # only with fail_silently
                raise DeliveryError("no SMTP connection")
            smtp.ehlo_or_helo_if_needed()
            return _hand_over(smtp, mail, recipients, before, deadline)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(_reply(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPException as error:
            raise DeliveryError(f"the SMTP server broke off: {error}") from error
        except OSError as error:
            place = f"{portal.EMAIL_HOST}:{portal.EMAIL_PORT}"
            raise DeliveryError(f"no SMTP server answers at {place}: {error}") from error
    finally:
        # The mail was accepted or refused before: how the goodbye goes changes nothing.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            backend.close()


def _hand_over(
    smtp: smtplib.SMTP,
    mail: EmailMultiAlternatives,
    recipients: Sequence[str],
    before: frozenset[str],
    deadline: float,
) -> str:
    sender = parseaddr(mail.from_email)[1]
    content = re.sub(rb"\r?\n", b"\r\n", mail.message().as_bytes())
    options = ["size=" + str(len(content))] if smtp.has_extn("size") else []
    _expect(smtp.mail(sender, options))
    taken: list[str] = []
    later: list[str] = []
    never: list[str] = []
    for recipient in recipients:
        _hurry(smtp, deadline)
        code, text = smtp.rcpt(recipient)
        if code in (250, 251):
            taken.append(recipient)
        elif code == 421:
            raise DeliveryError(_reply(code, text))
        else:
            (never if code >= 500 else later).append(f"{recipient}: {_reply(code, text)}")
    refused = "; ".join(later + never)
    if not taken and not later and before:
        return f"refused: {refused}"
    if not taken:
        raise DeliveryError(f"refused: {refused}", permanent=not later)
    _hurry(smtp, deadline)
    try:
        answer = _expect(smtp.data(content))
    except smtplib.SMTPDataError as error:
        answer = _expect((error.smtp_code, _bytes(error.smtp_error)))
    report = f"{answer} (refused: {refused})" if refused else answer
    if later:
        raise PartlyDeliveredError(report, taken)
    return report


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _hurry(smtp: smtplib.SMTP, deadline: float) -> None:
    """No step may last beyond the deadline; nothing was sent yet. Raises DeliveryError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeliveryError(f"the SMTP server took more than {SESSION_SECONDS:.0f} s")
    if smtp.sock is not None:
        smtp.sock.settimeout(min(left + 1, portal.EMAIL_TIMEOUT))


def _expect(reply: tuple[int, bytes]) -> str:
    code, text = reply
    if not 200 <= code < 300:
        raise DeliveryError(_reply(code, text), permanent=code >= 500)
    return _reply(code, text)


def _reply(code: int, text: bytes | str) -> str:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {shown}"[:1000]

"""Many other services, through Apprise: https://github.com/caronc/apprise

Only services with an address of their own: a URL here never chooses the host that is called, so
nobody reaches into the own network with it. What the portal calls itself (mail, JSON, Slack) has
channels of its own.
"""

import importlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings as portal

from alerts.channels import ChannelKind, Message, SettingField
from alerts.channels.answers import TEMPORARY
from alerts.channels.words import subject_of, text_of
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError

_URL = re.compile(r"([a-z0-9]{2,20})://\S{1,2000}", re.IGNORECASE)
# What would read files of the portal, follow redirects anywhere, trust anybody, or take for ever.
_REFUSED = re.compile(r"[?&](template|redirect|verify|store|retry|wait|rto|cto)=", re.IGNORECASE)
_STATUS = re.compile(r"error=(\d{3})")
_SECONDS = 20.0


class AppriseChannel(ChannelKind):
    """Telegram, Discord, Pushover, Webex, Opsgenie, Twilio and more."""

    slug = "apprise"
    label = "Another service (Apprise)"
    fields = (
        SettingField(
            "url",
            "Apprise URL",
            kind="secret",
            required=True,
            secret=True,
            help="Such as tgram://bottoken/chat; https://appriseit.com/services/ says how.",
        ),
    )

    @classmethod
    def clean(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As the base does, and the service is one of those that are allowed."""
        cleaned = super().clean(settings)
        if complaint := _complaint(cleaned["url"]):
            raise PayloadError(
                f"The channel's settings are not right: {complaint}",
                [FieldError("settings.url", complaint)],
            )
        return cleaned

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Hand it to Apprise; what that reports, which is little when all is well."""
        if complaint := _complaint(settings["url"]):
            raise DeliveryError(complaint, permanent=True)
        apprise = _apprise()
        service = apprise.Apprise(asset=_asset())
        if not service.add(settings["url"]):
            raise DeliveryError("Apprise does not understand the URL.", permanent=True)
        result = service.notify(
            title=subject_of(message),
            body=_body(message),
            notify_type="success" if message.resolved else _TYPES[message.severity],
        )
        said = "; ".join(str(line.message) for line in result.logs())
        if result:
            return f"handed over {said}".strip()
        raise DeliveryError(said or "not delivered, and Apprise does not say why", **_kind(said))


_TYPES: Mapping[str, str] = {
    "critical": "failure",
    "high": "failure",
    "warning": "warning",
    "low": "info",
    "info": "info",
}


def _body(message: Message) -> str:
    """Services cut long texts: the links, which are at its end, come first here."""
    if message.own_body:
        return message.own_body
    links = [f"Acknowledge: {message.acknowledge_url}"] if message.acknowledge_url else []
    if not message.is_test:
        links.append(f"Open: {message.url}")
    return "\n".join([*links, "", text_of(message)])


def _complaint(url: str) -> str:
    """What is wrong with the URL, without repeating its secrets."""
    found = _URL.fullmatch(url)
    if not found:
        return "must be a URL such as tgram://bottoken/chat"
    scheme = found.group(1).lower()
    if scheme not in portal.APPRISE_SCHEMES:
        return f"{scheme}:// is not allowed here; allowed are {', '.join(portal.APPRISE_SCHEMES)}"
    if refused := _REFUSED.search(url):
        return f"may not say {refused.group(1)}="
    return ""


def _kind(said: str) -> dict[str, bool]:
    """Permanent when the service said no; the status is only in Apprise's words."""
    codes = [int(code) for code in _STATUS.findall(said)]
    refused = bool(codes) and all(400 <= code < 500 and code not in TEMPORARY for code in codes)
    return {"permanent": refused}


def _apprise() -> Any:
    """The library; it takes 0.3 s and 47 MB, so nobody loads it before somebody needs it."""
    return importlib.import_module("apprise")


@lru_cache(maxsize=1)
def _asset() -> Any:
    """How Apprise behaves: no files, no redirects, no caches on disk, and never for long."""
    return _apprise().AppriseAsset(
        app_id="opsportal",
        app_desc="opsportal",
        app_url=portal.PUBLIC_URL,
        allow_templates=False,
        http_redirects=False,
        storage_mode="memory",
        service_timeout=_SECONDS,
        async_mode=False,
        pgp_autogen=False,
        pem_autogen=False,
        result_log_memory_size=20_000,
    )

"""Slack, and whatever takes Slack's incoming webhooks: Mattermost, Rocket.Chat, Discord (`/slack`).

Attachments rather than blocks: every one of them shows attachments, and a link button of an
attachment needs no app behind it. https://api.slack.com/reference/messaging/attachments
"""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings as portal

from alerts.channels import ChannelKind, Message, SettingField
from alerts.channels.answers import require_success
from alerts.channels.words import colour_of, heading_of, subject_of
from opsportal.lib.http import send_request

MOST_LISTED = 20
# Slack cuts longer texts itself, in the middle of a link if it happens so.
_LONGEST_TEXT, _LONGEST_LINE, _LONGEST_FACT = 3500, 200, 300


class SlackChannel(ChannelKind):
    """A message in a chat channel, through an incoming webhook."""

    slug = "slack"
    label = "Slack"
    fields = (
        SettingField(
            "url",
            "Webhook address",
            kind="url",
            required=True,
            secret=True,
            help="An incoming webhook of Slack, Mattermost, Rocket.Chat or Discord (with /slack).",
        ),
        SettingField(
            "channel",
            "Channel",
            help="Another channel than the webhook's own, where it may choose.",
        ),
    )

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Post it; Slack's answer."""
        body = slack_body(message)
        if channel := settings.get("channel"):
            body["channel"] = channel
        answer = send_request(
            "POST",
            settings["url"],
            body=json.dumps(body, ensure_ascii=False).encode(errors="replace"),
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"opsportal/{portal.VERSION}",
                "Idempotency-Key": message.idempotency_key,
            },
        )
        return require_success(answer)


def slack_body(message: Message) -> dict[str, Any]:
    """The JSON that is posted; the same for every attempt."""
    subject = subject_of(message)
    attachment: dict[str, Any] = {
        "color": colour_of(message),
        "fallback": subject,
        "mrkdwn_in": ["text"],
        "author_name": heading_of(message).capitalize(),
        "title": subject,
        "title_link": message.url,
        "text": _text(message),
        "footer": "opsportal",
        "ts": int(message.at.timestamp()),
    }
    if not message.own_body:
        attachment["fields"] = [
            {"title": name, "value": _escaped(value)[:_LONGEST_FACT], "short": len(value) < 40}
            for name, value in message.facts
        ]
    buttons = []
    if message.acknowledge_url:
        label = "Acknowledge all" if message.is_group else "Acknowledge"
        buttons.append((label, message.acknowledge_url, "primary"))
    if not message.is_test:
        buttons.append(("Open", message.url, "default"))
    attachment["actions"] = [
        {"type": "button", "text": text, "url": url, "style": style} for text, url, style in buttons
    ]
    return {"attachments": [attachment]}


def _text(message: Message) -> str:
    """What happened, with links; a group's alerts below each other."""
    if message.own_body:
        return _escaped(message.own_body)[:_LONGEST_TEXT]
    lines = [f"*Changed:* {_escaped(line)}"[:_LONGEST_LINE] for line in message.suspects]
    lines += [_escaped(message.description)[:1000]] if message.description else []
    size, listed = 0, 0
    for member in message.members[:MOST_LISTED] if message.is_group else ():
        mark = "resolved" if member.status == "resolved" else member.severity
        line = f"• *{mark}* {_link(member.url, member.title[:_LONGEST_LINE])}"
        size += len(line)
        if size > _LONGEST_TEXT:
            break
        listed += 1
        lines.append(line)
    if message.is_group and message.total > listed:
        lines.append(f"… and {message.total - listed} more")
    links = [_link(link.href, link.text or link.href) for link in message.web_links[:5]]
    if message.acknowledge_url:
        # Where attachments have no buttons.
        links.insert(0, _link(message.acknowledge_url, "Acknowledge"))
    return "\n".join([*lines, " | ".join(links)] if links else lines)


def _link(url: str, text: str) -> str:
    """Slack's own form of a link, which the others read too."""
    return f"<{url.replace('|', '%7C').replace('>', '%3E')}|{_escaped(text).replace('|', '/')}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

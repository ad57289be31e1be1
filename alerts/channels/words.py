"""The words that all channels share: a subject, a heading, a plain text."""

import re

from django.template.loader import render_to_string

from alerts.channels.message import Message

LONGEST_SUBJECT = 250
COLOURS = {
    "critical": "#b91c1c",
    "high": "#c2410c",
    "warning": "#a16207",
    "low": "#1d4ed8",
    "info": "#52525b",
}
RESOLVED_COLOUR = "#15803d"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_KINDS = {
    "expired": "RESOLVED: NOTHING MORE WAS HEARD OF IT",
    "resolved": "RESOLVED",
    "woken": "STILL FIRING: A SNOOZE HAS ENDED",
    "released": "STILL FIRING: NOTHING HOLDS IT BACK ANY MORE",
    "worsened": "WORSE: NOW {severity}",
    "improved": "BETTER: NOW {severity}",
    "reopened": "FIRING AGAIN: {severity}",
}


def colour_of(message: Message) -> str:
    """Of the bar that says at a glance how bad it is."""
    return RESOLVED_COLOUR if message.resolved else COLOURS[message.severity]


def one_line(text: str, most: int = LONGEST_SUBJECT) -> str:
    """The text on one line, whatever the sender sent."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most]


def subject_of(message: Message) -> str:
    """`[CRITICAL] billing: summary`; of a group `[CRITICAL] 17 alerts: 12 critical, ...`."""
    if message.own_subject:
        return one_line(message.own_subject)
    mark = "RESOLVED" if message.resolved else message.severity.upper()
    if message.is_test:
        mark = "TEST"
    elif message.paged:
        mark = f"PAGE, {mark}"
    about = "" if message.is_group else message.service or message.resource
    text = message.summary or message.name
    return one_line(f"[{mark}] {about}: {text}" if about else f"[{mark}] {text}")


def heading_of(message: Message) -> str:
    """What happened, in capitals."""
    if message.is_test:
        return "TEST: SOMEBODY IS TRYING OUT THIS CHANNEL"
    severity = message.severity.upper()
    if message.is_group:
        firing = f"FIRING: {message.firing_count} ALERTS, WORST {severity}"
        heading = "RESOLVED: NONE OF THE GROUP FIRES" if message.resolved else firing
    else:
        heading = _KINDS.get(message.kind, "FIRING: {severity}").format(severity=severity)
    return f"YOU ARE PAGED. {heading}" if message.paged else heading


def text_of(message: Message) -> str:
    """The whole message as plain text."""
    if message.own_body:
        return message.own_body
    context = {"message": message, "heading": heading_of(message)}
    return render_to_string("alerts/email/message.txt", context)

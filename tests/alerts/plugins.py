"""Plug-ins for tests: a remediation that takes any parameters but `wrong`, and a webhook."""

import json
from typing import Any

from alerts.formats import AlertFormat
from alerts.normalise import AlertEvent, Order, Respond
from chronos.normalise import Change
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply
from opsportal.lib.errors import FieldError, ForbiddenError, PayloadError


class Restart:
    """Restart it."""

    slug = "restart"
    label = "Restart"

    @classmethod
    def clean(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        if "wrong" in parameters:
            raise PayloadError("wrong: not here", [FieldError("wrong", "not here")])
        return parameters


class HookFormat(AlertFormat):
    """A list of words: names of alerts, or what else there is to say."""

    slug = "hook"
    label = "Hook"
    paths = ("/hooks/test", "/hooks/test/<key>")
    max_body = 1024
    overload = 503
    keeps_headers = ("x-mood",)

    def check(self, received: Received) -> None:
        if received.headers.get("x-mood") == "forged":
            raise ForbiddenError("The signature is wrong.")

    def parse(self, received: Received) -> Parsed:
        try:
            words = json.loads(received.body)["words"]
        except (ValueError, KeyError, TypeError) as error:
            raise PayloadError("There are no words.") from error
        if words == "bug":
            raise ZeroDivisionError
        events: list[AlertEvent] = []
        rejected: list[Rejection] = []
        orders: list[Order] = []
        changes: list[Change] = []
        token = ""
        for number, word in enumerate(words):
            if word == "bad":
                rejected.append(Rejection(number, (FieldError("word", "is bad"),)))
            elif word.startswith("ack:"):
                key = word.removeprefix("ack:")
                orders.append(Respond(action="acknowledge", dedup_key=key))
            elif word.startswith("change:"):
                at = received.now
                changes.append(Change(kind="deployment", title=word, actor="ci", started_at=at))
            elif word.startswith("token:"):
                token = word
            else:
                team = received.team_id
                events.append(AlertEvent(name=word, dedup_key=word, team_id=team))
        return Parsed(
            events,
            rejected,
            changes=changes,
            orders=orders,
            token=token,
            note="" if words else "empty",
        )

    def answer(self, parsed: Parsed, receipts) -> Reply:
        outcomes = [receipt.outcome for receipt in receipts]
        return Reply(202, json.dumps(outcomes).encode())

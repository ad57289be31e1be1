"""Subscriptions in configuration files."""

from typing import Any

from alerts.change import delete_subscription, save_subscription
from alerts.configure.owner import set_owner, show_owner
from alerts.configure.values import find_channel, find_user
from alerts.models import Subscription
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node

_TEXTS = ("match", "digest", "quiet_hours")


class SubscriptionSection:
    """`subscriptions: [{name, user or team, match, min_severity, channel, digest, ...}]`."""

    slug = "subscriptions"
    keys = (
        "name", "user", "team", "match", "min_severity", "channel", "digest", "quiet_hours",
        "zone", "tell_resolved", "enabled",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The subscriptions by name."""
        del mask  # a subscription has no secrets
        rows = Subscription.objects.select_related("user", "team", "channel")
        return [_entry(subscription) for subscription in rows.order_by("name")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one subscription so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rows = Subscription.objects.select_related("user", "team", "channel").filter(name=name)
        subscription = rows.first() or Subscription(name=name)
        if "user" in given:
            subscription.user = find_user(given["user"])
        if "team" not in given and subscription.user:
            subscription.team = None
        if given.get("team") and given["team"].value and "user" not in given:
            subscription.user = None
        for key in _TEXTS:
            if key in given:
                setattr(subscription, key, given[key].optional_text())
        if "min_severity" in given:
            subscription.min_severity = given["min_severity"].optional_text() or "info"
        if "channel" in given:
            subscription.channel = find_channel(given["channel"])
        if "zone" in given:
            subscription.zone = given["zone"].optional_text() or "UTC"
        if "tell_resolved" in given:
            subscription.tell_resolved = given["tell_resolved"].truth()
        set_owner(subscription, given)
        save_subscription(subscription, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the subscription."""
        rows = Subscription.objects.select_related("user", "team", "channel")
        delete_subscription(rows.get(name=name), actor=deed.actor, now=deed.now)


def _entry(subscription: Subscription) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": subscription.name}
    if subscription.user:
        entry["user"] = subscription.user.get_username()
    entry |= show_owner(subscription)
    entry |= {key: text for key in _TEXTS if (text := getattr(subscription, key))}
    if subscription.min_severity != "info":
        entry["min_severity"] = subscription.min_severity
    if subscription.channel:
        entry["channel"] = subscription.channel.name
    if subscription.zone != "UTC":
        entry["zone"] = subscription.zone
    if not subscription.tell_resolved:
        entry["tell_resolved"] = False
    return entry

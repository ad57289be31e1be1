"""Configuration is changed here, by pages, API and files alike: checked, and with a trail."""

from alerts.change.actions import complaint_of_action
from alerts.change.channels import channel_state, delete_channel, save_channel
from alerts.change.heartbeats import delete_heartbeat, save_heartbeat
from alerts.change.inhibitions import delete_inhibition, save_inhibition
from alerts.change.mappings import check_mapping, delete_mapping, keys_of, save_mapping
from alerts.change.order import order_rules
from alerts.change.restore import restore_rule, rule_of_version
from alerts.change.rules import check_rule, delete_rule, save_rule
from alerts.change.signing import (
    complaints_of_signing,
    delete_signing_secret,
    save_signing_secret,
)
from alerts.change.silences import check_silence, close_silence, end_silence, save_silence
from alerts.change.subscriptions import delete_subscription, save_subscription
from alerts.change.templates import delete_template, save_template
from alerts.change.topics import allow_topic, forget_topic

__all__ = [
    "allow_topic",
    "channel_state",
    "check_mapping",
    "check_rule",
    "check_silence",
    "close_silence",
    "complaint_of_action",
    "complaints_of_signing",
    "delete_channel",
    "delete_heartbeat",
    "delete_inhibition",
    "delete_mapping",
    "delete_rule",
    "delete_signing_secret",
    "delete_subscription",
    "delete_template",
    "end_silence",
    "forget_topic",
    "keys_of",
    "order_rules",
    "restore_rule",
    "rule_of_version",
    "save_channel",
    "save_heartbeat",
    "save_inhibition",
    "save_mapping",
    "save_rule",
    "save_signing_secret",
    "save_silence",
    "save_subscription",
    "save_template",
]

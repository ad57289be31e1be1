"""Configuration is changed here, by pages, API and files alike: checked, and with a trail."""

from alerts.change.channels import channel_state, delete_channel, save_channel
from alerts.change.inhibitions import delete_inhibition, inhibition_state, save_inhibition
from alerts.change.rules import complaint_of_action, delete_rule, save_rule
from alerts.change.silences import close_silence, end_silence, save_silence, silence_state
from alerts.change.subscriptions import (
    delete_subscription,
    save_subscription,
    subscription_state,
)
from alerts.policy.states import rule_state

__all__ = [
    "channel_state",
    "close_silence",
    "complaint_of_action",
    "delete_channel",
    "delete_inhibition",
    "delete_rule",
    "delete_subscription",
    "end_silence",
    "inhibition_state",
    "rule_state",
    "save_channel",
    "save_inhibition",
    "save_rule",
    "save_silence",
    "save_subscription",
    "silence_state",
    "subscription_state",
]

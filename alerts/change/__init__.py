"""Configuration is changed here, by pages, API and files alike: checked, and with a trail."""

from alerts.change.channels import channel_state, delete_channel, save_channel
from alerts.change.rules import complaint_of_action, delete_rule, rule_state, save_rule

__all__ = [
    "channel_state",
    "complaint_of_action",
    "delete_channel",
    "delete_rule",
    "rule_state",
    "save_channel",
    "save_rule",
]

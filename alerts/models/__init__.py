"""The nouns of the gateway. Deeds are in modules of their own."""

from alerts.models.episode import Alert, Decision, Transition
from alerts.models.notification import DeliveryAttempt, IdempotentReply, Notification
from alerts.models.rule import Channel, Rule, RuleAction

__all__ = [
    "Alert",
    "Channel",
    "Decision",
    "DeliveryAttempt",
    "IdempotentReply",
    "Notification",
    "Rule",
    "RuleAction",
    "Transition",
]

"""The nouns of the gateway. Deeds are in modules of their own."""

from alerts.models.alerta import AlertaAlert, AlertaHeartbeat
from alerts.models.channel import Channel, ChannelState, MessageTemplate
from alerts.models.episode import Alert, Decision, Transition
from alerts.models.escalation import Escalation
from alerts.models.heartbeat import Heartbeat, HeartbeatWatch
from alerts.models.hits import RuleHit
from alerts.models.mapping import MappedKey, Mapping
from alerts.models.notification import AlertGroup, DeliveryAttempt, IdempotentReply, Notification
from alerts.models.oncall import (
    EscalationPolicy,
    EscalationStep,
    EscalationTarget,
    ImportedShift,
    Layer,
    LayerPerson,
    Override,
    Schedule,
)
from alerts.models.policy import Inhibition, PolicyVersion, Silence, Subscription
from alerts.models.remediation import Remediation
from alerts.models.rule import Rule, RuleAction
from alerts.models.sender import RawDelivery, Sender, SenderCount
from alerts.models.signing import SigningSecret
from alerts.models.sns import SnsTopic
from alerts.models.suspicion import Suspicion
from alerts.models.view import SavedView
from alerts.models.window import ChangeWindow

__all__ = [
    "Alert",
    "AlertGroup",
    "AlertaAlert",
    "AlertaHeartbeat",
    "ChangeWindow",
    "Channel",
    "ChannelState",
    "Decision",
    "DeliveryAttempt",
    "Escalation",
    "EscalationPolicy",
    "EscalationStep",
    "EscalationTarget",
    "Heartbeat",
    "HeartbeatWatch",
    "IdempotentReply",
    "ImportedShift",
    "Inhibition",
    "Layer",
    "LayerPerson",
    "MappedKey",
    "Mapping",
    "MessageTemplate",
    "Notification",
    "Override",
    "PolicyVersion",
    "RawDelivery",
    "Remediation",
    "Rule",
    "RuleAction",
    "RuleHit",
    "SavedView",
    "Schedule",
    "Sender",
    "SenderCount",
    "SigningSecret",
    "Silence",
    "SnsTopic",
    "Subscription",
    "Suspicion",
    "Transition",
]

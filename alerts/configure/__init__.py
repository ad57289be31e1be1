"""The sections of configuration files that are the gateway's."""

from alerts.configure.channels import ChannelSection
from alerts.configure.heartbeats import HeartbeatSection
from alerts.configure.inhibitions import InhibitionSection
from alerts.configure.mappings import MappingSection
from alerts.configure.oncall import EscalationSection, ScheduleSection
from alerts.configure.rules import RuleSection
from alerts.configure.silences import SilenceSection
from alerts.configure.subscriptions import SubscriptionSection
from alerts.configure.templates import TemplateSection

__all__ = [
    "ChannelSection",
    "EscalationSection",
    "HeartbeatSection",
    "InhibitionSection",
    "MappingSection",
    "RuleSection",
    "ScheduleSection",
    "SilenceSection",
    "SubscriptionSection",
    "TemplateSection",
]

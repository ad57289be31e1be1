"""The sections of configuration files that are the gateway's."""

from alerts.configure.channels import ChannelSection
from alerts.configure.oncall import EscalationSection, ScheduleSection
from alerts.configure.rules import RuleSection

__all__ = ["ChannelSection", "EscalationSection", "RuleSection", "ScheduleSection"]

"""The noise report: what alerted without use. Facts for a window, each by one bounded query."""

from alerts.noise.lists import FlappingKey, QuietRule, Talker
from alerts.noise.report import WEEKS, NoiseReport, report_noise
from alerts.noise.weeks import Week

__all__ = [
    "WEEKS",
    "FlappingKey",
    "NoiseReport",
    "QuietRule",
    "Talker",
    "Week",
    "report_noise",
]

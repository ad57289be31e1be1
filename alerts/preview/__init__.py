"""What a draft of a rule would have done with the alerts of the last days; nothing is written."""

from alerts.preview.preview import MOST_TRANSITIONS, preview_rule
from alerts.preview.told import ChannelCount, Day, Preview, Remedied, Sample

__all__ = [
    "MOST_TRANSITIONS",
    "ChannelCount",
    "Day",
    "Preview",
    "Remedied",
    "Sample",
    "preview_rule",
]

"""What a draft of a rule would have done with the alerts of the last days, and what a draft of a
mapping would make of a payload; nothing is written."""

from alerts.preview.mapping import MappedAlert, MappingPreview, preview_mapping
from alerts.preview.preview import MOST_TRANSITIONS, preview_rule
from alerts.preview.told import ChannelCount, Day, Preview, Remedied, Sample

__all__ = [
    "MOST_TRANSITIONS",
    "ChannelCount",
    "Day",
    "MappedAlert",
    "MappingPreview",
    "Preview",
    "Remedied",
    "Sample",
    "preview_mapping",
    "preview_rule",
]

"""PagerDuty's Events API v2: its contract, and change events at /v2/change/enqueue."""

from chronos.formats.pagerduty.change import PagerDutyChangeFormat

__all__ = ["PagerDutyChangeFormat"]

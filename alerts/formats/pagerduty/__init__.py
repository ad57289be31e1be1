"""PagerDuty's Events API v2: alert events at /v2/enqueue.

What they have in common with change events is in `chronos.formats.pagerduty`.
"""

from alerts.formats.pagerduty.event import PagerDutyFormat

__all__ = ["PagerDutyFormat"]

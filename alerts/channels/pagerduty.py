"""The pagerduty channel."""


class PagerDutyChannel:
    """Stands until written."""

    slug = "pagerduty"
    label = "pagerduty"

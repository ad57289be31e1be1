"""PagerDuty's Events API v2: alert events at /v2/enqueue, change events at /v2/change/enqueue.

Contract: docs/events-API-v2 of PagerDuty/developer-docs, reference/events-v2 of
PagerDuty/api-schema. Words of complaints that neither gives are as PagerDuty's users quote them:
blockpane/tenderduty #10, dagster-io/dagster #19567, prometheus-community/helm-charts #2309,
SigNoz/signoz #9536, wazuh/wazuh #17540; of a key that is not known, robusta-dev/robusta #571.
"""

from alerts.formats.pagerduty.change import PagerDutyChangeFormat
from alerts.formats.pagerduty.event import PagerDutyFormat

__all__ = ["PagerDutyChangeFormat", "PagerDutyFormat"]

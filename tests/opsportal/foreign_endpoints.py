"""The endpoints of foreign contracts, and what each takes."""

from tests.opsportal.endpoints import Endpoint

# Below these they answer.
PREFIXES = ("alertmanager/", "alerta/", "hooks/", "opsgenie/", "pagerduty/", "v2/")

ALERTMANAGER = [
    Endpoint("alertmanager/api/v2/alerts", "post", "alerts:write", body="[]"),
]
FOREIGN = [*ALERTMANAGER]
# For health checks, without a key.
OPEN = {"alertmanager/-/ready", "alertmanager/-/healthy"}

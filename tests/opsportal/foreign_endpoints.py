"""The endpoints of foreign contracts, and what each takes."""

from tests.opsportal.endpoints import Endpoint

# Below these they answer.
PREFIXES = ("alertmanager/", "alerta/", "hooks/", "opsgenie/", "pagerduty/", "v2/")

ALERTMANAGER = [
    Endpoint("alertmanager/api/v2/alerts", "post", "alerts:write", body="[]"),
]
PAGERDUTY = [
    Endpoint(f"{prefix}v2/{path}", "post", scope)
    for prefix in ("", "pagerduty/")
    for path, scope in (("enqueue", "alerts:write"), ("change/enqueue", "events:write"))
]
FOREIGN = [*ALERTMANAGER, *PAGERDUTY]
# For health checks, without a key.
OPEN = {"alertmanager/-/ready", "alertmanager/-/healthy"}

"""The endpoints of foreign contracts, and what each takes."""

from tests.opsportal.endpoints import KEY, Endpoint

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
AMAZON = [
    Endpoint(f"hooks/{sender}{route}", "post", "alerts:write", found=found)
    for sender in ("sns", "eventbridge")
    for route, found in (("", ""), ("/<str:key>", f"hooks/{sender}/{KEY}"))
]
FOREIGN = [*ALERTMANAGER, *PAGERDUTY, *AMAZON]
# For health checks, without a key.
OPEN = {"alertmanager/-/ready", "alertmanager/-/healthy"}

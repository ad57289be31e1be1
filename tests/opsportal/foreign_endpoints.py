"""The endpoints of foreign contracts, and what each takes."""

from tests.opsportal.alerta_endpoints import ALERTA, ALERTA_OPEN
from tests.opsportal.endpoints import KEY, Endpoint

# Below these they answer.
PREFIXES = (
    "1/",
    "alerta/",
    "alertmanager/",
    "datadog/",
    "grafana/",
    "honeycomb/",
    "hooks/",
    "opsgenie/",
    "pagerduty/",
    "sentry/",
    "v2/",
)

UUID = "5f0c1d7e-0000-4000-8000-000000000000"
ALERTMANAGER = [
    Endpoint("alertmanager/api/v2/alerts", "post", "alerts:write", body="[]"),
    Endpoint("alertmanager/api/v2/alerts", "get", "alerts:read"),
    Endpoint("alertmanager/api/v2/alerts/groups", "get", "alerts:read"),
    Endpoint("alertmanager/api/v2/receivers", "get", "alerts:read"),
    Endpoint("alertmanager/api/v2/status", "get", None),
    Endpoint("alertmanager/api/v2/silences", "get", "config:read"),
    Endpoint("alertmanager/api/v2/silences", "post", "silences:write"),
    *(
        Endpoint(
            "alertmanager/api/v2/silence/<str:silence_id>",
            method,
            scope,
            found=f"alertmanager/api/v2/silence/{UUID}",
            unknown=f"/alertmanager/api/v2/silence/{UUID}",
        )
        for method, scope in (("get", "config:read"), ("delete", "silences:write"))
    ),
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
HOOKS = [
    Endpoint(f"hooks/{sender}{route}", method, "alerts:write", found=found, body='{"alerts": []}')
    for sender, method in (("alertmanager", "post"), ("grafana", "put"))
    for route, found in (("", ""), ("/<str:key>", f"hooks/{sender}/{KEY}"))
]
_OPSGENIE_DEEDS = {
    "close": "post",
    "acknowledge": "post",
    "unacknowledge": "post",
    "snooze": "post",
    "notes": "post",
    "message": "put",
    "description": "put",
}
OPSGENIE = [
    endpoint
    for prefix in ("v2/alerts", "opsgenie/v2/alerts")
    for endpoint in (
        Endpoint(prefix, "post", "alerts:write", body='{"message": "full"}'),
        *(
            Endpoint(
                f"{prefix}/<path:id>/{verb}",
                method,
                "alerts:write",
                found=f"{prefix}/disk/{verb}?identifierType=alias",
            )
            for verb, method in _OPSGENIE_DEEDS.items()
        ),
        Endpoint(
            f"{prefix}/requests/<str:request_id>",
            "get",
            "alerts:write",
            found=f"{prefix}/requests/1",
            unknown=f"/{prefix}/requests/1",
        ),
        Endpoint(
            f"{prefix}/<path:identifier>",
            "get",
            "alerts:read",
            found=f"{prefix}/999999",
            unknown=f"/{prefix}/999999",
        ),
    )
]
CHANGES = [
    Endpoint(f"hooks/{sender}{route}", "post", "events:write", found=found)
    for sender in ("cloudevents", "cdevents")
    for route, found in (("", ""), ("/<str:key>", f"hooks/{sender}/{KEY}"))
]
ANNOTATIONS = [
    endpoint
    for prefix in ("api/annotations", "grafana/api/annotations")
    for endpoint in (
        Endpoint(prefix, "post", "events:write", body='{"text": "full"}'),
        Endpoint(prefix, "get", "events:read"),
        Endpoint(f"{prefix}/graphite", "post", "events:write", body='{"what": "full"}'),
        Endpoint(f"{prefix}/tags", "get", "events:read"),
        *(
            Endpoint(
                f"{prefix}/<int:annotation_id>",
                method,
                f"events:{'read' if method == 'get' else 'write'}",
                found=f"{prefix}/1",
                unknown=f"/{prefix}/999999",
            )
            for method in ("get", "put", "patch", "delete")
        ),
    )
]
GENERIC = [
    Endpoint("hooks/generic", "post", "alerts:write"),
    Endpoint("hooks/generic", "put", "alerts:write"),
    Endpoint("hooks/generic/<str:key>", "post", "alerts:write", found=f"hooks/generic/{KEY}"),
]
TOOLS = [
    Endpoint(f"hooks/{sender}{route}", "post", "events:write", found=found)
    for sender in ("github", "gitlab", "cloudtrail")
    for route, found in (("", ""), ("/<str:key>", f"hooks/{sender}/{KEY}"))
]
DATADOG = [
    Endpoint("datadog/api/v1/validate", "get", None),
    Endpoint("datadog/api/v1/events", "post", "events:write"),
    Endpoint("datadog/api/v2/events", "post", "events:write"),
]
HONEYCOMB = [
    Endpoint(f"{prefix}1/markers/<str:dataset>{route}", method, "events:write", found=found)
    for prefix in ("", "honeycomb/")
    for route, method, found in (
        ("", "post", f"{prefix}1/markers/api"),
        ("/<str:marker>", "put", f"{prefix}1/markers/api/d1c84ec0"),
    )
]
_RELEASES = "api/0/organizations/<str:org>/releases/"
SENTRY = [
    Endpoint(
        prefix + route,
        method,
        scope,
        found=prefix + route.replace("<str:org>", "acme").replace("<str:version>", "1"),
    )
    for prefix in ("", "sentry/")
    for route, method, scope in (
        ("api/0/", "get", None),
        ("api/0/organizations/<str:org>/repos/", "get", None),
        (f"{_RELEASES}<str:version>/previous-with-commits/", "get", None),
        (_RELEASES, "get", "events:read"),
        (_RELEASES, "post", "events:write"),
        (f"{_RELEASES}<str:version>/", "get", "events:read"),
        (f"{_RELEASES}<str:version>/", "put", "events:write"),
        (f"{_RELEASES}<str:version>/deploys/", "get", "events:read"),
        (f"{_RELEASES}<str:version>/deploys/", "post", "events:write"),
    )
] + [
    Endpoint(
        f"{prefix}api/0/projects/<str:org>/<str:project>/releases/",
        "get",
        "events:read",
        found=f"{prefix}api/0/projects/acme/api/releases/",
    )
    for prefix in ("", "sentry/")
]
FOREIGN = [
    *ALERTMANAGER,
    *PAGERDUTY,
    *AMAZON,
    *HOOKS,
    *OPSGENIE,
    *GENERIC,
    *CHANGES,
    *ANNOTATIONS,
    *ALERTA,
    *TOOLS,
    *DATADOG,
    *HONEYCOMB,
    *SENTRY,
]
# For health checks, and what clients ask without a key; and where nothing is.
OPEN = {
    "alertmanager/-/ready",
    "alertmanager/-/healthy",
    "alertmanager/api/v1/<path:rest>",
    "alertmanager/api/v2/<path:rest>",
    *ALERTA_OPEN,
}

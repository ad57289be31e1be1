"""The endpoints for machines of the portal's own contract, and what each takes."""

from tests.opsportal.certs_endpoints import CERTS
from tests.opsportal.endpoint import KEY, Endpoint
from tests.opsportal.history_endpoints import HISTORY
from tests.opsportal.security_endpoints import SECURITY

__all__ = ["KEY", "NATIVE", "Endpoint"]


def _reading(noun: str) -> Endpoint:
    return Endpoint(
        f"api/v1/alerts/<str:alert_id>/{noun}",
        "get",
        "alerts:read",
        found=f"api/v1/alerts/1/{noun}",
        unknown=f"/api/v1/alerts/999999/{noun}",
    )


def _action(verb: str) -> Endpoint:
    return Endpoint(
        f"api/v1/alerts/<str:alert_id>/{verb}",
        "post",
        "alerts:respond",
        found=f"api/v1/alerts/1/{verb}",
        unknown=f"/api/v1/alerts/999999/{verb}",
    )


def _remediation(verb: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"api/v1/remediations/<str:remediation_id>{verb}",
        method,
        scope,
        found=f"api/v1/remediations/1{verb}",
        unknown=f"/api/v1/remediations/999999{verb}",
    )


NATIVE = [
    Endpoint("api/schema/", "get", None),
    Endpoint("api/docs/", "get", None),
    Endpoint("api/v1/whoami", "get", None),
    Endpoint("api/v1/alerts", "get", "alerts:read"),
    Endpoint("api/v1/alerts", "post", "alerts:write"),
    Endpoint("api/v1/alerts/bulk", "post", "alerts:respond"),
    Endpoint(
        "api/v1/alerts/<str:alert_id>",
        "get",
        "alerts:read",
        found="api/v1/alerts/1",
        unknown="/api/v1/alerts/999999",
    ),
    Endpoint("api/v1/events", "get", "events:read"),
    Endpoint("api/v1/events", "post", "events:write"),
    Endpoint("api/v1/events", "put", "events:write"),
    Endpoint("api/v1/events.csv", "get", "events:read"),
    Endpoint("api/v1/events.jsonl", "get", "events:read"),
    Endpoint("api/v1/events/stream", "get", "events:read"),
    Endpoint(
        "api/v1/events/<str:event_id>",
        "get",
        "events:read",
        found="api/v1/events/1",
        unknown="/api/v1/events/999999",
    ),
    *(
        Endpoint(
            "api/v1/events/<str:source>/<path:external_id>",
            method,
            f"events:{scope}",
            found="api/v1/events/ci/build/812",
            unknown="/api/v1/events/ci/build/812" if method == "get" else "",
        )
        for method, scope in (("get", "read"), ("put", "write"))
    ),
    Endpoint("api/v1/alerts/noise", "get", "alerts:read"),
    Endpoint("api/v1/freezes", "get", "events:read"),
    Endpoint("api/v1/freezes/check", "get", "events:read"),
    _reading("explain"),
    _reading("related"),
    _reading("suspects"),
    Endpoint(
        "api/v1/alerts/<str:alert_id>/suspects/<str:change_id>",
        "post",
        "alerts:respond",
        found="api/v1/alerts/1/suspects/1",
        body='{"verdict": "confirmed"}',
        unknown="/api/v1/alerts/999999/suspects/1",
    ),
    *map(
        _action,
        ("acknowledge", "unacknowledge", "resolve", "assign", "snooze", "unsnooze", "notes"),
    ),
    Endpoint("api/v1/ask", "get", "events:read", found="api/v1/ask?q=today"),
    Endpoint("api/v1/suspects", "get", "events:read"),
    Endpoint("api/v1/cloudevents", "post", "events:write"),
    Endpoint("api/v1/heartbeats", "get", "alerts:read"),
    *(
        Endpoint(
            "api/v1/heartbeats/<str:name>",
            method,
            scope,
            found="api/v1/heartbeats/backup",
            unknown="/api/v1/heartbeats/backup",
        )
        for method, scope in (
            ("get", "alerts:read"),
            ("post", "alerts:write"),
            ("put", "alerts:write"),
        )
    ),
    *(
        Endpoint(f"api/v1/{path}", method, scope)
        for path, method, scope in (
            ("silences", "get", "config:read"),
            ("silences", "post", "silences:write"),
            ("silences/preview", "post", "silences:write"),
            ("subscriptions", "get", "config:read"),
            ("subscriptions", "post", "subscriptions:write"),
            ("inhibitions", "get", "config:read"),
        )
    ),
    *(
        Endpoint(
            f"api/v1/{noun}s/<str:{noun}_id>",
            method,
            "config:read" if method == "get" else f"{noun}s:write",
            found=f"api/v1/{noun}s/1",
            unknown=f"/api/v1/{noun}s/999999",
        )
        for noun in ("silence", "subscription")
        for method in ("get", "patch", "delete")
    ),
    Endpoint("api/v1/rules", "get", "config:read"),
    Endpoint("api/v1/rules/preview", "post", "config:read", body='{"name": "draft"}'),
    Endpoint("api/v1/safety", "get", "alerts:read"),
    Endpoint("api/v1/safety/stop", "post", "alerts:respond"),
    Endpoint("api/v1/remediations", "get", "alerts:read"),
    _remediation("", "get", "alerts:read"),
    _remediation("/approve", "post", "alerts:respond"),
    _remediation("/reject", "post", "alerts:respond"),
    Endpoint("api/v1/channels", "get", "config:read"),
    Endpoint("api/v1/senders", "get", "config:read"),
    Endpoint("api/v1/deliveries", "get", "config:read"),
    *(
        Endpoint(
            f"api/v1/deliveries/<str:delivery_id>{verb}",
            method,
            scope,
            found=f"api/v1/deliveries/1{verb}",
            unknown=f"/api/v1/deliveries/999999{verb}",
        )
        for verb, method, scope in (
            ("", "get", "config:read"),
            ("/replay", "post", "alerts:respond"),
        )
    ),
    Endpoint("api/v1/oncall", "get", "alerts:read"),
    Endpoint("api/v1/schedules", "get", "alerts:read"),
    Endpoint(
        "api/v1/schedules/<int:schedule_id>.ics",
        "get",
        "alerts:read",
        found="api/v1/schedules/1.ics",
        unknown="/api/v1/schedules/999999.ics",
    ),
    Endpoint(
        "api/v1/schedules/<str:schedule_id>",
        "get",
        "alerts:read",
        found="api/v1/schedules/1",
        unknown="/api/v1/schedules/999999",
    ),
    Endpoint(
        "api/v1/schedules/<str:schedule_id>/overrides",
        "post",
        "alerts:respond",
        found="api/v1/schedules/1/overrides",
        unknown="/api/v1/schedules/999999/overrides",
    ),
    Endpoint("api/v1/escalations", "get", "alerts:read"),
    Endpoint("api/v1/state", "get", "events:read"),
    Endpoint("api/v1/state/diff", "get", "events:read"),
    Endpoint("api/v1/state/history", "get", "events:read"),
    Endpoint("api/v1/dora", "get", "events:read"),
    Endpoint("api/v1/coverage", "get", "events:read"),
    Endpoint("api/v1/aliases", "get", "events:read"),
    *CERTS,
    *SECURITY,
    *CERTS,
    *HISTORY,
]

"""The endpoints of Alerta's API, and what each takes."""

from tests.opsportal.endpoints import Endpoint

_NUMBER = "00000000-0000-4000-8000-000000000000"


def _alerta(path: str, method: str, scope: str | None) -> Endpoint:
    """With a number that nothing has, where the path has one."""
    found = path.replace("<str:number>", _NUMBER).replace("<str:note_id>", _NUMBER)
    unknown = f"/alerta/{found}" if found != path and path.count("/") == 1 else ""
    bodies = {"status": '{"status": "ack"}', "action": '{"action": "ack"}'}
    body = bodies.get(path.rpartition("/")[2], "{}")
    return Endpoint(f"alerta/{path}", method, scope, f"alerta/{found}", body, unknown)


ALERTA = [
    *(
        _alerta(path, "get", "alerts:read")
        for path in (
            "alerts", "alerts/count", "alerts/history", "alerts/groups", "alerts/tags",
            "environments", "services", "alert/<str:number>", "alert/<str:number>/notes",
            "heartbeat/<str:number>", "heartbeats", "blackout/<str:number>", "blackouts",
            "management/status", "userinfo", "scopes",
        )
    ),
    _alerta("alert", "post", "alerts:write"),
    _alerta("heartbeat", "post", "alerts:write"),
    *(
        _alerta(f"alert/<str:number>/{verb}", "put", "alerts:respond")
        for verb in (
            "status", "action", "tag", "untag", "attributes", "note", "note/<str:note_id>",
        )
    ),
    _alerta("alert/<str:number>/note/<str:note_id>", "delete", "alerts:respond"),
    _alerta("alert/<str:number>", "delete", "alerts:respond"),
    _alerta("heartbeat/<str:number>", "delete", "alerts:respond"),
    _alerta("blackout", "post", "silences:write"),
    _alerta("blackout/<str:number>", "put", "silences:write"),
    _alerta("blackout/<str:number>", "delete", "silences:write"),
    _alerta("management/housekeeping", "get", "alerts:respond"),
    _alerta("management/housekeeping", "post", "alerts:respond"),
]  # fmt: skip
# What clients ask before they show a key, health checks, and what is nowhere.
ALERTA_OPEN = {
    "alerta/", "alerta/config", "alerta/management/gtg", "alerta/management/healthcheck",
    "alerta/<path:rest>",
}  # fmt: skip

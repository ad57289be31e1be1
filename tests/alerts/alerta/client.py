"""Somebody who speaks Alerta with the portal, through Django's own client."""

from typing import Any

from django.test import Client

from alerts.models import Alert
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.times import utc_now

SCOPES = ("alerts:write", "alerts:read", "alerts:respond", "silences:write")
# The fields of an error.
ERROR = {"status", "message", "code", "errors", "requestId"}
# As in alerta's own tests.
CORRELATE = ["node_down", "node_marginal", "node_up"]


def episode() -> Alert:
    """The gateway's newest."""
    return Alert.objects.select_related("team").latest("id")


class Alerta:
    """A key, and the calls that a client makes."""

    def __init__(self, *scopes: str, team: Any = None, name: str = "alerta") -> None:
        made = create_key(name, scopes or SCOPES, team=team, actor=COMMAND_LINE, now=utc_now())
        self.client, self.key = Client(), made[1]

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer."""
        more: dict[str, Any] = {"headers": {"Authorization": f"Key {self.key}"}}
        if query:
            names = {name.replace("_", "-"): value for name, value in query.items()}
            more["query_params"] = names
        if body is not None:
            more |= {"data": body, "content_type": "application/json"}
        return getattr(self.client, method)(f"/alerta{path}", **more)

    def ask(self, method: str, path: str, body: Any = None, expect: int = 200, **query: Any) -> Any:
        """The JSON of an answer of that status."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code == expect, (answer.status_code, answer.content)
        return answer.json()

    def post(self, expect: int = 201, **fields: Any) -> Any:
        """Send an alert; what Alerta says of it."""
        defaults = {
            "resource": "web1",
            "event": "node_down",
            "environment": "Production",
            "service": ["Network"],
            "severity": "major",
        }
        answer = self.ask("post", "/alert", defaults | fields, expect)
        return answer.get("alert", answer)

    def get(self, path: str, **query: Any) -> Any:
        """Read something."""
        return self.ask("get", path, **query)

    def alert(self, number: str) -> Any:
        """An alert."""
        return self.get(f"/alert/{number}")["alert"]

    def act(self, number: str, action: str, expect: int = 200, **fields: Any) -> Any:
        """Take an action; the alert then."""
        body = {"action": action, **fields}
        answer = self.ask("put", f"/alert/{number}/action", body, expect)
        return self.alert(number) if expect == 200 else answer

    def set(self, number: str, status: str, **fields: Any) -> Any:
        """Set a status; the alert then."""
        self.ask("put", f"/alert/{number}/status", {"status": status, **fields})
        return self.alert(number)

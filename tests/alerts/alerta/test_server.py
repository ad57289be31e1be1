"""What is asked of the server itself."""

import pytest
from django.test import Client

from tests.alerts.alerta.client import ERROR

pytestmark = pytest.mark.django_db


class TestTheServer:
    def test_config_is_open_and_holds_the_alarm_model(self):
        config = Client().get("/alerta/config").json()
        assert config["alarm_model"]["severity"]["critical"] == 1
        assert config["alarm_model"]["defaults"]["normal_severity"] == "normal"
        for path in ("/alerta/", "/alerta/management/gtg", "/alerta/management/healthcheck"):
            assert Client().get(path).status_code == 200

    def test_status_and_who_a_key_is(self, alerta):
        status = alerta.get("/management/status")
        assert (status["application"], status["version"]) == ("alerta", "9.1.0")
        assert status["uptime"] >= 0
        assert alerta.get("/userinfo")["preferred_username"] == "alerta"
        assert "write:alerts" in alerta.get("/scopes")["scopes"]

    @pytest.mark.parametrize("path", ["/keys", "/users", "/webhooks/prometheus", "/x/y"])
    def test_what_is_not_here_says_so_in_alertas_shape(self, alerta, path):
        for method in ("get", "post", "delete"):
            answer = alerta.ask(method, path, {} if method == "post" else None, 404)
            assert set(answer) == ERROR

    def test_another_method_is_405(self, alerta):
        assert alerta.ask("post", "/alerts", {}, 405)["code"] == 405
        assert alerta.call("get", "/alert").status_code == 405

    def test_none_of_it_is_in_our_schema(self, alerta):
        schema = Client().get("/api/schema/", headers={"Authorization": f"Bearer {alerta.key}"})
        assert b"alerta/" not in schema.content

"""Alerts, keys and people for the API's tests."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from alerts.models import Alert
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import Membership, Team, User
from opsportal.lib.times import utc_now

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ALL = ("alerts:read", "alerts:respond", "config:read")


class Caller:
    """A client of the API that sends and reads JSON."""

    def __init__(self, key=None, client=None):
        self.client = client or Client(raise_request_exception=True)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path, **params):
        return self.client.get(f"/api/v1/{path}", params, headers=self.headers)

    def post(self, path, body=None):
        if body is None:
            return self.client.post(
                f"/api/v1/{path}", b"", content_type="application/json", headers=self.headers
            )
        return self.client.post(
            f"/api/v1/{path}", body, content_type="application/json", headers=self.headers
        )


def make_key(*scopes, team=None):
    return create_key("test", scopes, team=team, actor=COMMAND_LINE, now=utc_now())[1]


def make_alert(key="k", now=NOW, **fields):
    event = AlertEvent(name=fields.pop("name", "DiskFull"), dedup_key=key, **fields)
    return Alert.objects.get(pk=receive_alerts([event], now=now)[0].alert_id)


@pytest.fixture
def api(db):
    """A machine that may do everything."""
    return Caller(make_key(*ALL))


@pytest.fixture
def payments(db):
    return Team.objects.create(name="payments")


@pytest.fixture
def person(db):
    """Make a person with a role in a team, signed in."""

    def make(name, role=None, team=None, *, administrator=False):
        user = User.objects.create_user(name, is_superuser=administrator)
        if role:
            Membership.objects.create(user=user, team=team, role=role)
        client = Client()
        client.force_login(user)
        return Caller(client=client)

    return make

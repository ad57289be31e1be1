"""A client of the API with a key of its own; alerts and silences, posted and read."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert, Silence
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.lib.times import utc_now
from tests.alerts.alertmanager.client import Ours, silence

HOUR = timedelta(hours=1)


@pytest.fixture
def api():
    return Ours()


def names(found) -> list[str]:
    return sorted(alert["labels"]["alertname"] for alert in found)


def only(found):
    assert len(found) == 1, found
    return found[0]


def fire_natively(name="DiskFull", key="k", **fields) -> Alert:
    event = AlertEvent(name=name, dedup_key=key, **fields)
    receive_alerts([event], now=utc_now())
    return Alert.objects.get(dedup_key=key, resolved_at=None)


def quiet(match: str, **values) -> Silence:
    now = utc_now()
    return Silence.objects.create(
        match=match, starts_at=now - HOUR, ends_at=now + HOUR, comment="c", author="jo",
        name=match, **values,
    )  # fmt: skip


def put(api, *matchers, **more) -> Any:
    status, said = api.post("silences", silence(*matchers, **more))
    assert status == 200, said
    return said["silenceID"]


def shown(api, silence_id) -> Any:
    return api.listed(f"silence/{silence_id}")


def state(api, silence_id) -> Any:
    return shown(api, silence_id)["status"]["state"]


def again(api, silence_id, **changes) -> Any:
    """Post it once more under its id, as `amtool silence update` does."""
    found = shown(api, silence_id)
    status, said = api.post("silences", found | changes)
    assert status == 200, said
    return said["silenceID"]

"""PagerDuty's own SDK, unchanged, over TLS."""

import pytest
from pagerduty import EventsApiV2Client, HttpError

from tests.tls import tls_front

pytestmark = pytest.mark.processes

CHANGES = """
from chronos.models import ChangeEvent
for found in ChangeEvent.objects.filter(kind="deployment"):
    print(found.title, found.source, found.actor, found.version, sep="|")
"""


def found(walker, query=""):
    return walker.get(f"/api/v1/alerts{query}")["results"]


def test_senders_of_pagerduty_need_another_url_and_key_only(walk):
    walker = walk()
    key = walker.manage(
        "createkey", "pager", "--short", "--scope", "alerts:write", "--scope", "events:write"
    )
    with tls_front(walker.portal.port) as front:
        client = EventsApiV2Client(key, base_url=front.url, verify=front.trust)
        _one_episode(walker, client)
        client.submit(
            "Deployed billing 412",
            source="ci",
            custom_details={"version": "412"},
            links=[{"href": "https://ci.example.org/412", "text": "Build"}],
            timestamp="2026-01-02T03:04:05.123456+00:00Z",
        )
        unknown = EventsApiV2Client("x" * 32, base_url=front.url, verify=front.trust)
        with pytest.raises(HttpError) as caught:
            unknown.trigger("Full", "db-1")
        assert caught.value.response.json()["errors"] == ["Invalid routing key"]
    (change,) = walker.manage("shell", "-v", "0", "-c", CHANGES).splitlines()
    assert change == "Deployed billing 412|ci|key pager|412"
    _is_nowhere(walker, key)


def _one_episode(walker, client):
    """Through the SDK: trigger, trigger, acknowledge, resolve, trigger."""
    key = client.trigger(
        "Disk of db-1 is 91 % full", "db-1", severity="error",
        payload={"class": "DiskFull", "component": "billing"},
        custom_details={"mount": "/srv", "value": 91.2},
        links=[{"href": "https://wiki.example.org/disk", "text": "Runbook"}],
    )  # fmt: skip
    (alert,) = found(walker)
    assert (alert["name"], alert["severity"], alert["status"]) == ("DiskFull", "high", "firing")
    assert (alert["service"], alert["resource"]) == ("billing", "db-1")
    assert client.trigger("Disk of db-1 is 92 % full", "db-1", dedup_key=key) == key
    assert client.acknowledge(key) == key
    (alert,) = found(walker)
    # What the SDK sends where no severity is given.
    assert (alert["status"], alert["severity"]) == ("acknowledged", "critical")
    assert alert["repeat_count"] == 1
    assert client.resolve(key) == key
    assert client.acknowledge(key) == key
    (alert,) = found(walker)
    assert alert["status"] == "resolved"
    detail = walker.get(f"/api/v1/alerts/{alert['id']}")
    kinds = [transition["kind"] for transition in detail["transitions"]]
    assert sorted(kinds) == ["acknowledged", "opened", "resolved", "worsened"]
    assert client.trigger("Full again", "db-1", dedup_key=key) == key
    assert [other["status"] for other in found(walker)] == ["firing", "resolved"]
    client.resolve(key)


def _is_nowhere(walker, key):
    """The routing key, in what the portal keeps and says."""
    assert key not in walker.portal.output()
    for path in walker.portal.data_dir.rglob("*.sqlite3*"):
        assert key.encode() not in path.read_bytes(), path

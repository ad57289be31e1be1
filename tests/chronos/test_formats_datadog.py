"""Datadog's events: its own client against the portal, and what becomes of them."""

from datetime import UTC, datetime

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.events_api import EventsApi
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
from datadog_api_client.v2.api.events_api import EventsApi as EventsApiV2
from datadog_api_client.v2.model.event_create_request_payload import EventCreateRequestPayload

from alerts.models import RawDelivery
from chronos.formats.datadog import DatadogEventFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.posting import post
from tests.chronos.rubbish import BROKEN, store_rubbish

V1, V2 = "/datadog/api/v1/events", "/datadog/api/v2/events"
NOW = utc_now().replace(microsecond=0)
EVENT = {
    "title": "Deployed api 1.2.3",
    "text": "%%%\nby the *pipeline*\n%%%",
    "tags": ["env:prod", "service:api", "version:1.2.3", "kind:deployment", "nightly"],
    "date_happened": 1_761_900_000,
    "alert_type": "success",
    "aggregation_key": "api",
    "host": "ci-1",
}
CHANGE = {
    "data": {
        "type": "event",
        "attributes": {
            "category": "change",
            "title": "Flag checkout-v2 was turned on",
            "message": "for everybody",
            "timestamp": "2026-03-04T05:06:07.123Z",
            "tags": ["env:prod"],
            "integration_id": "custom-events",
            "attributes": {
                "changed_resource": {"name": "checkout-v2", "type": "feature_flag"},
                "author": {"name": "ann@example.org", "type": "user"},
                "prev_value": {"percentage": 10},
                "new_value": {"percentage": 100, "api_token": "s3cret"},
                "impacted_resources": [{"name": "checkout", "type": "service"}],
            },
        },
    }
}


@pytest.fixture
def key(db):
    return make_key("events:write", name="dd")


@pytest.fixture
def client_of(live_server):
    """A client of Datadog's whose base URL is ours, with this key."""

    def make(text):
        address = f"{live_server.url}/datadog"
        return ApiClient(Configuration(host=address, api_key={"apiKeyAuth": text}))

    return make


def test_datadogs_client_posts_events(client_of, key):
    with client_of(key[1]) as client:
        assert AuthenticationApi(client).validate().valid is True
        answer = EventsApi(client).create_event(EventCreateRequest(**EVENT))
    event = ChangeEvent.objects.get()
    assert (answer.status, answer.event.id, answer.event.title) == ("ok", event.pk, EVENT["title"])
    assert (event.kind, event.status) == ("deployment", "succeeded")
    assert (event.service, event.environment, event.version) == ("api", "prod", "1.2.3")
    assert (event.body, event.correlation_id) == ("by the *pipeline*", "api")
    assert event.started_at == datetime.fromtimestamp(EVENT["date_happened"], UTC)
    assert event.labels["host"] == "ci-1"
    assert "nightly" in event.tags


def test_datadogs_client_posts_change_events(client_of, key):
    body = EventCreateRequestPayload(**CHANGE)
    with client_of(key[1]) as client:
        api = EventsApiV2(client)
        # Its address is not built of the configured host.
        api._create_event_endpoint.settings["servers"] = None
        answer = api.create_event(body)
    event = ChangeEvent.objects.get()
    assert answer.data.attributes.attributes.evt.id == str(event.pk)
    assert (event.kind, event.service, event.environment) == ("flag", "checkout", "prod")
    assert (event.actor, event.actor_type) == ("ann@example.org", "user")
    assert (event.before, event.after["percentage"]) == ({"percentage": 10}, 100)
    assert event.after["api_token"] == "[redacted]"


def test_datadogs_client_understands_refusals(client_of, key):
    with client_of("nonsense") as client, pytest.raises(ApiException) as caught:
        EventsApi(client).create_event(EventCreateRequest(**EVENT))
    assert (caught.value.status, bool(caught.value.body["errors"])) == (401, True)
    _, other = make_key("alerts:write")
    with client_of(other) as client, pytest.raises(ForbiddenException):
        EventsApi(client).create_event(EventCreateRequest(**EVENT))
    assert not ChangeEvent.objects.exists()


def test_the_key_may_stand_in_the_query_and_is_kept_nowhere(key):
    assert post(V1, EVENT, query=f"api_key={key[1]}")[0] == 202
    row = RawDelivery.objects.get()
    assert key[1] not in f"{row.query}{row.body}{row.headers}{row.path}"


@pytest.mark.parametrize(
    ("alert_type", "status", "severity"),
    [("error", "failed", 4), ("warning", "succeeded", 3), ("info", "succeeded", 0)],
)
def test_an_alert_type_is_a_status_and_a_severity(key, alert_type, status, severity):
    assert post(V1, EVENT | {"alert_type": alert_type}, key[1])[0] == 202
    event = ChangeEvent.objects.get()
    assert (event.status, event.severity) == (status, severity)


def test_an_old_event_is_late_but_taken_and_a_repeat_is_one(key):
    answers = [post(V1, EVENT, key[1])[2]["event"]["id"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert ChangeEvent.objects.get().late


@pytest.mark.parametrize(
    ("path", "payload", "word"),
    [
        (V1, {}, "title"),
        (V1, {"title": " "}, "title"),
        (V2, {"data": []}, "title"),
        (V2, {"data": {"attributes": {"title": "x"}}}, "category"),
        (V2, {"data": {"attributes": {"title": "x", "category": "y"}}}, "category"),
    ],
)
def test_what_is_missing_is_said_in_datadogs_shape(key, path, payload, word):
    status, _, answer = post(path, payload, key[1])
    assert (status, list(answer)) == (400, ["errors"])
    assert word in answer["errors"][0]
    assert not ChangeEvent.objects.exists()


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(PayloadError):
        DatadogEventFormat().parse(Received(body, NOW))


@pytest.mark.parametrize(("path", "payload"), [(V1, EVENT), (V2, CHANGE)])
def test_rubbish_in_any_field_is_stored_or_refused(db, path, payload):
    stored, refused = store_rubbish(path, payload, NOW)
    assert stored > refused

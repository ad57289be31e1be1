"""The door of generic webhooks: payloads are taken in by the mapping of their key."""

import json

import pytest

from alerts.formats.generic import GenericFormat, mapping_of
from alerts.models import Mapping
from opsportal.lib.contracts import Received
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import NOW
from tests.alerts.mapping import FIELDS as KUMA
from tests.alerts.mapping import PAYLOAD, make_mapping, status


@pytest.mark.django_db
class TestDoor:
    @pytest.fixture
    def key(self):
        return make_key("alerts:write", short=True, team=make_team("payments"))

    def post(self, client, payload, key, method="post"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload)
        send = getattr(client, method)
        return send(f"/hooks/generic/{key[1]}", body, content_type="application/json")

    def test_an_alert_is_opened_and_resolved(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, PAYLOAD, key)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        assert answer.json()["alerts"][0]["outcome"] == "opened"
        answer = self.post(client, status(1), key, "put")
        assert answer.json()["alerts"][0]["outcome"] == "resolved"
        assert "rejected" not in answer.json()

    def test_what_is_ignored_is_accepted_as_nothing(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, status(3), key)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "alerts": []})

    def test_without_a_mapping_the_sender_hears_what_to_do(self, client, key):
        answer = self.post(client, PAYLOAD, key)
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"
        assert "no mapping for this key" in answer.json()["message"]
        assert f"/admin/alerts/mapping/add/?key={key[0].pk}" in answer.json()["message"]

    def test_complaints_come_in_the_portal_s_shape(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, status(9), key)
        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {
                "field": "status",
                "message": "'9' is not in the table of statuses; say what it means",
            }
        ]

    def test_good_ones_of_a_batch_are_stored_and_the_rest_is_told(self, client, key):
        make_mapping(key[0], alerts="@", fields={"name": "/name"}, statuses={})
        answer = self.post(client, [{"name": "A"}, {}, {"name": "B"}], key)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
        assert answer.json()["rejected"] == [
            {"index": 1, "errors": [{"field": "name", "message": "found nothing"}]}
        ]
        answer = self.post(client, [{}, {}], key)
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == ["0.name", "1.name"]

    @pytest.mark.parametrize(("size", "code"), [(256 * 1024, 400), (256 * 1024 + 1, 413)])
    def test_the_payload_is_bounded(self, client, key, size, code):
        make_mapping(key[0])
        assert self.post(client, b" " * size, key).status_code == code

    def test_a_changed_mapping_is_used_at_once_and_read_once(
        self, client, key, django_assert_num_queries
    ):
        mapping = make_mapping(key[0])
        with django_assert_num_queries(1):
            first = mapping_of(key[0].pk)
        assert mapping_of(key[0].pk) is first
        Mapping.objects.filter(pk=mapping.pk).update(fields=KUMA | {"severity": "'low'"})
        received = Received(json.dumps(PAYLOAD).encode(), NOW, key_id=key[0].pk)
        assert GenericFormat().parse(received).events[0].severity == "low"

    def test_a_remark_is_kept_with_the_delivery(self, key):
        make_mapping(key[0], fields=KUMA | {"link": "'nowhere'"})
        received = Received(json.dumps(PAYLOAD).encode(), NOW, key_id=key[0].pk)
        parsed = GenericFormat().parse(received)
        assert parsed.note.startswith("link: not an http://")
        assert len(parsed.events) == 1

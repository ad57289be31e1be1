"""What operators may ask of one alert, and what they are told."""

import pytest

from alerts.models import Alert
from opsportal.accounts.models import AuditEntry
from tests.alerts.alerta.client import ERROR

pytestmark = pytest.mark.django_db


class TestActing:
    @pytest.mark.parametrize(
        ("verb", "body", "message"),
        [
            ("status", {}, "must supply 'status' as json data"),
            ("status", {"status": "gone"}, "Status (gone) is not one of open, assign, ack, "
             "shelved, blackout, closed, expired, unknown"),
            ("status", {"status": ["open"]}, "Status (['open']) is not one of"),
            ("action", {}, "must supply 'action' as json data"),
            ("action", {"action": {}}, "must supply 'action' as json data"),
            ("action", {"action": "ack", "timeout": "x"}, "timeout must be an integer"),
            ("tag", {}, "must supply 'tags' as json list"),
            ("untag", {"tags": "x"}, "tags must be a list"),
            ("attributes", {"attributes": {"a.b": 1}}, 'must not contain "." or "$"'),
            ("note", {}, "must supply 'note' text"),
        ],
    )  # fmt: skip
    def test_each_complaint_is_alertas(self, alerta, verb, body, message):
        number = alerta.post()["id"]
        answer = alerta.ask("put", f"/alert/{number}/{verb}", body, 400)
        assert message in answer["message"]
        assert set(answer) == ERROR
        assert answer["requestId"]

    def test_the_first_part_of_a_number_is_enough(self, alerta):
        number = alerta.post()["id"]
        assert alerta.alert(number[:8])["id"] == number
        assert alerta.act(number[:8], "ack")["status"] == "ack"
        again = alerta.post()["lastReceiveId"]
        assert alerta.alert(again)["id"] == alerta.alert(again[:13])["id"] == number
        for unknown in (number[:7], "zzzzzzzz", "00000000", number + "0", "%00aaaaaaa"):
            alerta.ask("get", f"/alert/{unknown}", expect=404)

    def test_a_first_part_that_several_have_is_a_conflict(self, alerta):
        alerta.post(id="0d8f4c1e-7a7e-4b58-9d4c-9b8a3b1f9d10")
        alerta.post(id="0d8f4c1e-7a7e-4b58-9d4c-9b8a3b1f9d11", resource="b")
        assert "several" in alerta.ask("get", "/alert/0d8f4c1e", expect=409)["message"]

    def test_an_action_of_nobodys_is_written_down(self, alerta):
        number = alerta.post()["id"]
        alert = alerta.act(number, "createTicket", text="OPS-1")
        assert alert["status"] == "open"
        row = alert["history"][-1]
        assert (row["type"], row["text"], row["user"]) == ("action", "OPS-1", "key alerta")
        entry = AuditEntry.objects.latest("id")
        assert (entry.action, entry.target_type) == ("createTicket", "alerts.alertaalert")

    def test_notes_are_made_changed_and_dismissed(self, alerta):
        number = alerta.post()["id"]
        made = alerta.ask("put", f"/alert/{number}/note", {"text": "look"}, 201)
        assert made["note"]["attributes"]["resource"] == "web1"
        path = f"/alert/{number}/note/{made['id']}"
        changed = alerta.ask("put", path, {"text": "look again"})["note"]
        assert changed["updateTime"] > changed["createTime"]
        [note] = alerta.get(f"/alert/{number}/notes")["notes"]
        assert (note["text"], note["related"]) == ("look again", {"alert": number})
        alerta.ask("delete", path)
        empty = alerta.get(f"/alert/{number}/notes")
        assert (empty["notes"], empty["message"]) == ([], "not found")
        types = [row["type"] for row in alerta.alert(number)["history"]]
        assert types == ["new", "note", "dismiss"]
        alerta.ask("delete", path, expect=404)
        assert Alert.objects.get().transitions.filter(kind="noted", note="look").exists()

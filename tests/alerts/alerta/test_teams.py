"""Whose alerts a key has a say in."""

import pytest

from alerts.models import Alert
from opsportal.accounts.models import Team
from tests.alerts.alerta.client import Alerta, episode

pytestmark = pytest.mark.django_db


class TestTeams:
    def test_a_teams_key_has_a_say_in_its_own_and_nobodys(self, alerta):
        team, other = (Team.objects.create(name=name) for name in ("ours", "theirs"))
        ours, theirs = Alerta(team=team, name="a"), Alerta(team=other, name="b")
        number = ours.post()["id"]
        assert episode().team == team
        answer = theirs.post(403)
        assert (answer["message"], answer["code"]) == ("This alert is another team's.", 403)
        for method, path, body in (
            ("put", "action", {"action": "ack"}),
            ("put", "status", {"status": "ack"}),
            ("put", "tag", {"tags": ["x"]}),
            ("put", "attributes", {"attributes": {"x": 1}}),
            ("put", "note", {"text": "x"}),
        ):
            theirs.ask(method, f"/alert/{number}/{path}", body, 403)
        theirs.ask("delete", f"/alert/{number}", expect=403)
        assert ours.act(number, "ack")["status"] == "ack"
        nobodys = alerta.post(resource="b")["id"]
        assert theirs.act(nobodys, "ack")["status"] == "ack"
        assert theirs.alert(number)["status"] == "ack"

    def test_whose_the_episode_is_by_a_rule_has_the_say(self):
        team, other = (Team.objects.create(name=name) for name in ("ours", "theirs"))
        ours, theirs = Alerta(team=team, name="a"), Alerta(team=other, name="b")
        number = ours.post()["id"]
        Alert.objects.update(team=other)
        ours.ask("put", f"/alert/{number}/action", {"action": "ack"}, 403)
        assert theirs.act(number, "ack")["status"] == "ack"
        assert ours.post(severity="minor")["status"] == "ack"

"""Time passes for Alerta's documents."""

from datetime import timedelta

import pytest

from alerts.alerta import tidy
from alerts.alerta.tidy import end_acknowledgements, prune_documents
from alerts.models import Alert, AlertaAlert
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.alerta.client import Alerta, episode

pytestmark = pytest.mark.django_db


class TestTime:
    def test_ends_acknowledgements_that_were_to_last(self, alerta):
        number = alerta.post()["id"]
        alerta.act(number, "ack", timeout=60)
        assert end_acknowledgements(now=utc_now() + timedelta(seconds=59)) == []
        assert end_acknowledgements(now=utc_now() + timedelta(seconds=61)) == [number]
        alert = alerta.alert(number)
        assert (alert["status"], alert["history"][-1]["type"]) == ("open", "timeout")
        assert episode().status == "firing"
        assert end_acknowledgements(now=utc_now() + timedelta(seconds=61)) == []

    def test_housekeeping_lets_go_what_is_old(self, alerta):
        gone = alerta.post(severity="ok")["id"]
        informs = alerta.post(resource="b", severity="informational")["id"]
        stays = alerta.post(resource="c")["id"]
        long_ago = utc_now() - timedelta(hours=13)
        AlertaAlert.objects.update(last_received_at=long_ago)
        late = alerta.post(resource="d", timeout=1)["id"]
        Alert.objects.filter(resource="d").update(expires_at=long_ago)
        answer = alerta.get("/management/housekeeping")
        assert (answer["expired"], answer["count"]) == ([late], 1)
        left = {alert["id"]: alert["status"] for alert in alerta.get("/alerts")["alerts"]}
        assert left == {stays: "open", late: "expired"}
        assert gone not in left
        assert informs not in left
        assert Alert.objects.get(resource="b").status == "resolved"

    def test_housekeeping_keeps_what_was_heard_of_meanwhile(self, alerta, monkeypatch):
        alerta.post(severity="ok")
        stays = alerta.post(resource="b", severity="ok")["id"]
        AlertaAlert.objects.update(last_received_at=utc_now() - timedelta(hours=13))
        delete = tidy.delete_document

        def delete_while_it_fires(number, *args, **kwargs):
            if number == stays:
                alerta.post(resource="b", severity="critical")
            delete(number, *args, **kwargs)

        monkeypatch.setattr(tidy, "delete_document", delete_while_it_fires)
        alerta.get("/management/housekeeping")
        assert str(AlertaAlert.objects.get().pk) == stays
        assert episode().status == "firing"

    def test_housekeeping_of_a_team_passes_over_another_teams_episode(self, alerta):
        alerta.post(severity="informational")
        Alert.objects.update(team=make_team())
        AlertaAlert.objects.update(last_received_at=utc_now() - timedelta(hours=13))
        Alerta(team=make_team()).get("/management/housekeeping")
        assert AlertaAlert.objects.count() == 1

    def test_what_is_long_over_is_forgotten(self, alerta, settings):
        alerta.post(severity="ok")
        alerta.post(resource="b")
        AlertaAlert.objects.update(last_received_at=utc_now() - settings.RETENTION * 2)
        assert prune_documents(now=utc_now()) == 1
        assert AlertaAlert.objects.get().resource == "b"

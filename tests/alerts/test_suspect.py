"""An alert names what changed before it; a person says whether it was that."""

from datetime import timedelta

import pytest

from alerts.channels.words import text_of
from alerts.compose import compose_message
from alerts.models import Suspicion
from alerts.suspect import accuse, judge_suspect, suspects_in_words
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import NotFoundError, PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.makers import make_alert, make_channel, make_notification

pytestmark = pytest.mark.django_db
WORDS = "billing 412 deployed by jo 6 minutes before"


@pytest.fixture
def alert():
    return make_alert(service="billing", environment="production", starts_at=utc_now())


@pytest.fixture
def change(alert):
    return deploy(alert, 6)


def deploy(alert, minutes, version="412"):
    began = alert.starts_at - timedelta(minutes=minutes)
    change = Change(
        "deployment", "Deploy", "jo", began, source="ci", service="billing",
        environment="production", version=version,
    )  # fmt: skip
    [receipt] = record_changes([change], now=utc_now() - timedelta(minutes=1))
    return ChangeEvent.objects.get(pk=receipt.event_id)


def judge(alert, change, verdict):
    judge_suspect(alert, change.pk, verdict, actor=COMMAND_LINE, now=utc_now())


def test_its_message_says_what_changed_in_its_first_lines(alert, change):
    told = make_notification(alert, make_channel("ops"))
    lines = suspects_in_words(alert, utc_now())
    assert lines == (WORDS,)
    text = text_of(compose_message(told, "key", suspects=lines))
    assert text.splitlines()[3] == f"Changed: {WORDS}"


def test_a_confirmed_one_comes_first_and_a_rejected_one_last(alert, change):
    likelier, rejected = deploy(alert, 1, "413"), deploy(alert, 2, "414")
    judge(alert, change, "confirmed")
    judge(alert, rejected, "rejected")
    found = accuse(alert)
    assert [one.change_id for one in found] == [change.pk, likelier.pk, rejected.pk]
    assert [one.verdict for one in found] == ["confirmed", "open", "rejected"]
    assert AuditEntry.objects.filter(action="judge suspect").count() == 2


def test_a_verdict_outlives_the_change_and_can_be_taken_back(alert, change):
    judge(alert, change, "confirmed")
    change.delete()
    [found] = accuse(alert)
    assert (found.title, found.verdict, found.event) == ("Deploy", "confirmed", None)
    judge_suspect(alert, found.change_id, "open", actor=COMMAND_LINE, now=utc_now())
    assert accuse(alert) == []


def test_the_same_verdict_again_is_no_second_one(alert, change):
    judge(alert, change, "confirmed")
    judge(alert, change, "confirmed")
    assert (
        Suspicion.objects.count() == AuditEntry.objects.filter(action="judge suspect").count() == 1
    )


def test_a_verdict_that_is_none_and_a_change_that_is_not_there_are_told(alert, change):
    with pytest.raises(PayloadError, match="confirmed, open, rejected"):
        judge(alert, change, "guilty")
    with pytest.raises(NotFoundError):
        judge_suspect(alert, 999_999, "confirmed", actor=COMMAND_LINE, now=utc_now())


def test_by_the_api(client, alert, change):
    reading = {"Authorization": f"Bearer {make_key('alerts:read')[1]}"}
    responding = {"Authorization": f"Bearer {make_key('alerts:respond')[1]}"}
    url = f"/api/v1/alerts/{alert.pk}/suspects"
    [found] = client.get(url, headers=reading).json()["results"]
    assert (found["words"], found["verdict"]) == (WORDS, "open")
    assert found["terms"][1] == {"name": "distance", "value": 1.0, "why": "the same service"}
    post = {"content_type": "application/json", "headers": responding}
    [found] = client.post(f"{url}/{change.pk}", '{"verdict": "rejected"}', **post).json()["results"]
    assert (found["verdict"], found["found_by"][:4]) == ("rejected", "key ")
    assert client.post(f"{url}/{change.pk}", '{"verdict": 7}', **post).status_code == 400
    assert client.post(f"{url}/999999", '{"verdict": "rejected"}', **post).status_code == 404

"""The noise report through the API."""

from opsportal.lib.times import utc_now
from tests.alerts.api.conftest import make_alert


def test_it_tells_the_weeks_and_what_talks_most(api, payments):
    make_alert("one", name="Loud", now=utc_now())
    answer = api.get("alerts/noise")
    assert answer.status_code == 200
    body = answer.json()
    assert body["total"]["episodes"] == 1
    assert body["by_episodes"][0]["name"] == "Loud"
    assert body["weeks"][0]["team"] == ""
    assert body["weeks"][0]["mtta"] is None
    assert api.get("alerts/noise", team="payments").json()["total"]["episodes"] == 0

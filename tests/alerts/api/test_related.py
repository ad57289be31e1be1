"""Related alerts through the API."""

from tests.alerts.api.conftest import make_alert


def test_they_are_told_with_what_they_share(api):
    alert = make_alert("one", service="billing", labels={"host": "h7"})
    other = make_alert("two", service="billing", labels={"host": "h7"})
    make_alert("three", service="search")
    answer = api.get(f"alerts/{alert.pk}/related")
    assert answer.status_code == 200
    (found,) = answer.json()["results"]
    assert found["id"] == other.pk
    assert {shared["name"] for shared in found["shared"]} == {"service", "name", "host"}

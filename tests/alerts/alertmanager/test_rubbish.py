"""Whatever is sent to Alertmanager's API, the answer is in its shape and never a 500."""

import pytest

from tests.alerts.alertmanager.client import at, silence
from tests.alerts.api.test_rubbish import RUBBISH

pytestmark = pytest.mark.django_db
MATCHER = {"name": "a", "value": "b", "isRegex": False, "isEqual": True}
ALERT = {"labels": {"alertname": "A"}, "annotations": {"summary": "s"}, "startsAt": at(hours=-1),
         "endsAt": at(hours=1), "generatorURL": "http://p/"}  # fmt: skip


def refused_in_shape(status, said) -> bool:
    """400 with a text; or a code and a message with whatever status."""
    if status in (400, 404) and isinstance(said, str):
        return True
    return 400 <= status < 500 and set(said) == {"code", "message"}


def check(answer, sent) -> None:
    status, said = answer
    assert status == 200 or refused_in_shape(status, said), (status, said, str(sent)[:300])


def test_silences(api):
    good = silence("a=b") | {"id": ""}
    for number, rubbish in enumerate(RUBBISH):
        bodies = [good | {field: rubbish} for field in good]
        bodies += [good | {"matchers": [MATCHER, MATCHER | {f: rubbish}]} for f in MATCHER]
        # Each field sees a third of what there is.
        for body in bodies[number % 3 :: 3]:
            check(api.post("silences", body), body)
    # Whatever was taken can be shown, and asked about.
    api.send({"alertname": "A"})
    assert api.listed("silences")
    assert api.listed("alerts")


def test_alerts(api):
    for rubbish in RUBBISH:
        bodies = [[ALERT | {field: rubbish}] for field in ALERT]
        bodies += [[ALERT | {"labels": {"a": rubbish}}], [ALERT | {"annotations": {"a": rubbish}}]]
        if isinstance(rubbish, str):
            bodies.append([ALERT | {"labels": {rubbish: "x"}}])
        for body in bodies:
            check(api.post("alerts", body), body)
    shown = api.listed("alerts")
    assert shown
    assert all(isinstance(value, str) for alert in shown for value in alert["labels"].values())
    assert api.listed("alerts/groups")


def test_queries(api):
    api.send({"alertname": "A"})
    texts = [str(rubbish)[:3000] for rubbish in RUBBISH]
    for text in texts:
        for name in ("filter", "receiver", "receiver_matchers"):
            check(api.get("alerts", **{name: text}, active=text), (name, text))
        check(api.get("silences", filter=text, expired=text), text)
        check(api.get("alerts/groups", filter=f'alertname=~"{text}"', muted=text), text)
        check(api.get("silences", filter=f"alertname={text}"), text)

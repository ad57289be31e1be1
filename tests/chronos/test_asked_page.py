"""Questions in words on the page of changes."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from opsportal.lib.times import utc_now
from tests.accounts.people import make_person
from tests.chronos.makers import make_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(client):
    client.force_login(make_person("viewer"))

    def asked(question, more=""):
        return client.get(f"/changes/?q={quote(question)}{more}")

    return asked


@pytest.fixture
def now():
    return utc_now().replace(microsecond=0)


def titles(response):
    return [event.title for event in response.context["rows"].events]


def test_a_question_is_a_timeline_of_its_interval_and_conditions(asked, now):
    make_change(10, at=now, title="one", service="api", kind="deployment")
    make_change(20, at=now, title="two", service="api", kind="flag")
    make_change(200, at=now, title="three", service="api", kind="deployment")
    response = asked("deploys of api in the last hour")
    assert titles(response) == ["one"]
    assert response.context["window"].live
    assert response.context["window"].words == "1h"
    assert "kind: deployment" in response.text
    assert "The same question elsewhere" in response.text


def test_zooming_and_facets_go_before_what_the_question_says(asked, now):
    make_change(10, at=now, title="one", kind="deployment")
    make_change(20, at=now, title="two", kind="flag")
    make_change(200, at=now, title="three", kind="deployment")
    assert titles(asked("deploys in the last hour", "&kind=flag")) == ["two"]
    since = quote(f"{now - timedelta(hours=5):%FT%TZ}")
    assert titles(asked("deploys in the last hour", f"&since={since}")) == ["one", "three"]


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("who deployed api last", "<b>jo</b>"),
        ("how many deploys in the last 2 hours by app", "<td>api</td><td>1</td>"),
        ("what is running in prod", "Nothing that is known of"),
        ("suspects for api", "the same service"),
        ("diff staging and prod", "The same versions"),
    ],
)  # fmt: skip
def test_other_shapes_have_an_answer_of_their_own(asked, now, question, shown):
    make_change(10, at=now, title="one", service="api", kind="deployment", actor="jo")
    assert shown in asked(question).text


@pytest.mark.parametrize(
    ("question", "status", "shown"),
    [
        ("between 5pm and 3pm", 400, "did you mean until 3pm the next day?"),
        ("during incident 4711", 404, "There is no incident 4711 here."),
        ("suspects for incident 4711", 404, "There is no incident 4711 here."),
        ("x" * 1500, 400, "may have 1000"),
    ],
)
def test_what_cannot_be_answered_is_told(asked, question, status, shown):
    response = asked(question)
    assert response.status_code == status
    assert shown in response.text


def test_nothing_found_offers_wider_questions(asked):
    response = asked("failed deploys last hour")
    assert "four times as long" in response.text
    assert "any status" in response.text

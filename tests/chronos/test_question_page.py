"""The question box: words are read, shown back, answered, and narrowed by what is chosen."""

from datetime import timedelta

import pytest

from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person
from tests.chronos.makers import make_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client):
    client.force_login(make_person("viewer"))
    return client


@pytest.fixture
def now():
    return utc_now().replace(microsecond=0)


def ask(visitor, words, **chosen):
    return visitor.get("/changes/", {"q": words, **chosen})


def titles(response):
    return {event.title for event in response.context["rows"].events}


def test_every_page_has_the_box_and_the_answer_keeps_the_question(visitor, now):
    for path in ("/", "/alerts/", "/changes/"):
        assert 'action="/changes/"' in visitor.get(path).text
    assert 'value="what &quot;happened&quot;"' in ask(visitor, 'what "happened"').text


def test_the_words_say_what_is_listed_and_when(visitor, now):
    make_change(30, at=now, title="then")
    make_change(90, at=now, title="before")
    make_change(30, at=now, title="flag", kind="flag")
    page = ask(visitor, "deployments in the last hour")
    assert titles(page) == {"then"}
    assert page.context["chart"].total == 1
    assert page.context["window"].span == timedelta(hours=1)
    assert page.context["window"].live
    assert "ops-chips" in page.text


def test_what_is_chosen_goes_before_what_is_said_and_is_shown_so(visitor, now):
    make_change(30, at=now, title="a", environment="production")
    make_change(30, at=now, title="b", environment="staging")
    make_change(90, at=now, title="earlier", environment="staging")
    words = "deployments in production in the last hour"
    assert titles(ask(visitor, words)) == {"a"}
    page = ask(visitor, words, environment="staging")
    assert titles(page) == {"b"}
    assert "environment: staging" in page.text
    assert "environment: production" not in page.text
    page = ask(visitor, words, environment="staging", since="2h")
    assert titles(page) == {"b", "earlier"}


def test_facets_mark_what_is_said_and_lead_away_from_it(visitor, now):
    make_change(30, at=now, environment="production")
    make_change(30, at=now, environment="staging")
    page = ask(visitor, "deployments in production in the last hour", kind="deployment")
    facets = {facet.name: facet for facet in page.context["facets"]}
    production, staging = facets["environment"].values
    assert (production.chosen, staging.chosen) == (True, False)
    assert titles(visitor.get(staging.url)) == {"Deploy billing 412"}
    away = visitor.get(production.url).context
    assert away["chart"].total == 2
    assert away["params"]["kind"] == ["deployment"]
    assert visitor.get(facets["kind"].clear).context["params"].get("kind") is None


def test_only_so_many_as_are_asked_for(visitor, now):
    for number in range(4):
        make_change(number, at=now, title=str(number))
    page = ask(visitor, "the last 2 deployments")
    assert titles(page) == {"0", "1"}
    assert page.context["rows"].older == ""


def test_counts_and_names_stand_above_the_list(visitor, now):
    make_change(1, at=now, actor="ann", title="one")
    make_change(2, at=now, actor="ann", service="search", title="two")
    make_change(3, at=now, actor="jo", title="three")
    page = ask(
        visitor,
        "how many deployments today by actor"
        if now.hour
        else "how many deployments last 2h by actor",
    )
    assert page.context["asked"].answer.total == 3
    assert "<td>ann</td><td>2</td>" in page.text
    assert titles(page) == {"one", "two", "three"}
    page = ask(visitor, "who deployed billing last")
    assert page.context["asked"].answer.people == ("ann",)
    assert titles(page) == {"one"}


def test_of_suspects_the_changes_around_the_moment_are_listed(visitor, now):
    make_change(40, at=now, lasting=5, title="Deploy it")
    page = ask(visitor, "suspects for billing in production")
    assert [found.event.title for found in page.context["asked"].answer.suspects] == ["Deploy it"]
    assert titles(page) == {"Deploy it"}
    assert page.context["window"].until > now


def test_what_runs_and_what_differs_stands_above_the_list(visitor, now):
    for environment, version in (("production", "411"), ("staging", "412")):
        change = Change(
            "deployment", f"Deploy {version}", "jo", now - timedelta(hours=2), source="ci",
            service="billing", environment=environment, version=version,
        )  # fmt: skip
        record_changes([change], now=now)
    before = f"{now - timedelta(hours=3):%Y-%m-%dT%H:%MZ}"
    page = ask(visitor, "what is running in production")
    found = page.context["asked"].answer.running
    assert [(row.service, row.version) for row in found] == [("billing", "411")]
    assert titles(page) == {"Deploy 411"}
    page = ask(visitor, f"what was running in production at {before}")
    assert page.context["asked"].answer.running == []
    (row,) = ask(visitor, "diff staging and production").context["asked"].answer.differences
    assert (row.left.version, row.right.version) == ("412", "411")
    page = ask(visitor, f"diff production {before} and now")
    assert [row.right.version for row in page.context["asked"].answer.differences] == ["411"]


def test_a_diff_of_two_moments_shows_what_lies_between(visitor, now):
    at = now - timedelta(hours=5)
    make_change(0, at=at, title="between", environment="production")
    first, second = (f"{at + timedelta(hours=hours):%Y-%m-%dT%H:%MZ}" for hours in (-1, 1))
    page = ask(visitor, f"diff production {first} and {second}")
    assert titles(page) == {"between"}


def test_an_empty_answer_leads_on(visitor, now):
    page = ask(visitor, "deployments of nothing in the last hour")
    assert page.status_code == 200
    assert "Ask more widely" in page.text


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("between 5pm and 3pm", 400, "ops-complaint"),
        ("during incident 999999", 404, "ops-complaint"),
        ("x" * 1999, 400, "ops-complaint"),
        (" ".join(f"w{n}" for n in range(20)), 400, "ops-complaint"),
    ],
)
def test_what_cannot_be_answered_is_said_and_the_question_kept(visitor, words, status, said):
    page = ask(visitor, words)
    assert page.status_code == status
    assert said in page.text
    assert page.context["question"] == words

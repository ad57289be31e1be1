"""How people are told of what comes through Alertmanager's API, beside how Alertmanager tells them.

Where the gateway differs on purpose the test says so: it repeats nothing, and an end is told once.
"""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.expire import expire_episodes
from alerts.flush import flush_groups
from alerts.models import Inhibition, Subscription
from alerts.release import release_held
from alerts.tasks import AlertGroupOutbox
from tests.accounts.people import make_team
from tests.alerts.alertmanager.client import ends, fires, say
from tests.alerts.delivering import hook_channel, run, run_until_quiet
from tests.alerts.makers import claim, make_rule
from tests.alerts.receivers import Reply
from tests.alerts.storming import route

pytestmark = pytest.mark.django_db
Said = dict[str, object]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WAIT, INTERVAL = timedelta(seconds=30), timedelta(minutes=5)
FIRING, RESOLVED = "firing", "resolved"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def labels(number: int, **more: str) -> dict[str, str]:
    return {"alertname": "A", "instance": f"h{number}"} | more


def post(minutes: float, *alerts: Said) -> None:
    """Post them then, and have them routed, told, flushed and delivered."""
    now = at(minutes)
    say(now, *alerts)
    work(minutes)


def work(minutes: float) -> None:
    now = at(minutes)
    expire_episodes(now=now)
    release_held(now=now)
    route(now)
    while groups := claim(AlertGroupOutbox(), now):
        flush_groups(groups, now=now)
    run_until_quiet(now)


def firing(minutes: float, *numbers: int, **more: str) -> list[Said]:
    return [fires(labels(number, **more), at(0), at(minutes)) for number in numbers]


def told(hooks) -> list[tuple[str, int, int]]:
    """Of each message: its status, how many fire, how many are over."""
    found = []
    for request in hooks.requests:
        said = request.json
        group = said.get("group") or {
            FIRING: int(said["alert"]["status"] == FIRING),
            RESOLVED: int(said["alert"]["status"] == RESOLVED),
        }
        found.append((said["alert"]["status"], group[FIRING], group[RESOLVED]))
    return found


@pytest.fixture
def grouped(hooks):
    """A rule that makes one message of all."""
    make_rule(
        "all", "", hook_channel(hooks), group_by=["alertname"], group_wait=WAIT,
        group_interval=INTERVAL,
    )  # fmt: skip


@pytest.fixture
def alone(hooks):
    """A rule that tells each alert by itself."""
    make_rule("each", "", hook_channel(hooks))


# 24.
def test_what_nobody_says_again_is_resolved_and_that_is_told(hooks, alone):
    post(0, {"labels": labels(1)})
    work(4.9)
    assert told(hooks) == [(FIRING, 1, 0)]
    work(5)
    assert told(hooks) == [(FIRING, 1, 0), (RESOLVED, 0, 1)]


# 25.
def test_what_comes_within_the_wait_is_one_message_and_what_comes_later_waits_for_the_interval(
    hooks, grouped
):
    post(0, *firing(0, 1))
    post(0.3, *firing(0.3, 2))
    work(0.4)
    assert told(hooks) == []
    work(0.5)
    assert told(hooks) == [(FIRING, 2, 0)]
    post(1, *firing(1, 1, 2, 3, 4, 5))
    post(4, *firing(4, 1, 2, 3, 4, 5))
    work(5.4)
    assert len(hooks.requests) == 1
    work(5.5)
    assert told(hooks)[1:] == [(FIRING, 5, 0)]


# 25 and 26; Alertmanager would say it again after its repeat interval.
def test_what_does_not_change_is_told_once_however_long_it_fires(hooks, grouped):
    for minute in range(0, 600, 3):
        post(minute, *firing(minute, 1, 2))
    assert told(hooks) == [(FIRING, 2, 0)]


# 26.
def test_a_new_member_is_told_and_so_is_the_end_of_one(hooks, grouped):
    post(0, *firing(0, 1, 2))
    work(1)
    post(3, *firing(3, 1, 2, 3))
    post(6, *firing(6, 1, 2, 3))
    post(7, ends(labels(1), at(0), at(7)), *firing(7, 2, 3))
    post(11, *firing(11, 2, 3))
    post(12, *(ends(labels(number), at(0), at(12)) for number in (2, 3)))
    work(17)
    assert told(hooks) == [
        (FIRING, 2, 0), (FIRING, 3, 0), (FIRING, 2, 1), (RESOLVED, 0, 2),
    ]  # fmt: skip


def test_what_only_ended_is_not_told(hooks, grouped):
    post(0, ends(labels(1), at(-5), at(0)))
    work(10)
    assert told(hooks) == []


def test_what_began_and_ended_between_two_messages_is_not_told(hooks, grouped):
    post(0, *firing(0, 1))
    post(0.2, ends(labels(1), at(0), at(0.2)))
    work(10)
    assert told(hooks) == []


# 27.
def test_a_channel_that_fails_is_told_when_it_recovers_and_the_other_once(hooks):
    good, bad = hook_channel(hooks, "good"), hook_channel(hooks, "bad")
    bad.settings = {**bad.settings, "url": f"{hooks.url}/bad"}
    bad.save()
    make_rule("both", "", good, bad)
    hooks.reply = lambda request: Reply(503 if request.path.endswith("/bad") else 200)
    now = at(0)
    say(now, *firing(0, 1))
    route(now)
    for minute in range(5):
        deliver(minute)
    reached = [request.path for request in hooks.requests if not request.path.endswith("/bad")]
    tries = len(hooks.requests) - len(reached)
    assert (len(reached), tries > 1) == (1, True)
    hooks.reply = lambda request: Reply(200)
    for minute in range(5, 60):
        deliver(minute)
    assert len(hooks.requests) == tries + 2


def deliver(minute: float) -> None:
    while run(at(minute)):
        pass


def test_who_hears_of_no_ends_hears_of_the_next_beginning(hooks):
    team = make_team("payments")
    Subscription.objects.create(
        name="ours", match="", channel=hook_channel(hooks), team=team, tell_resolved=False
    )
    post(0, *firing(0, 1))
    post(1, ends(labels(1), at(0), at(1)))
    post(2, fires(labels(1), at(2), at(2)))
    assert told(hooks) == [(FIRING, 1, 0), (FIRING, 1, 0)]


# 28.
def test_what_another_explains_is_told_once_that_is_over(hooks, alone):
    Inhibition.objects.create(
        name="job", source_match='alertname="JobDown"', target_match='alertname="A"',
        equal=["job", "zone"],
    )  # fmt: skip
    job = {"alertname": "JobDown", "job": "db", "zone": "aa"}
    post(0, fires(job, at(0), at(0)))
    post(0.1, *firing(0.1, 1, job="db", zone="aa"), *firing(0.1, 2, job="db", zone="ab"))
    names = [request.json["alert"]["name"] for request in hooks.requests]
    assert names == ["JobDown", "A"]
    post(1, ends(job, at(0), at(1)))
    work(1.2)
    said = [(r.json["alert"]["name"], r.json["alert"]["status"]) for r in hooks.requests[2:]]
    assert sorted(said) == [("A", FIRING), ("JobDown", RESOLVED)]


def test_what_ends_together_with_its_explanation_was_never_told(hooks, alone):
    """Alertmanager would name it in the last message; here nobody hears the end of what they did
    not hear of.
    """
    Inhibition.objects.create(
        name="job", source_match='alertname="JobDown"', target_match='alertname="A"', equal=[]
    )
    job = {"alertname": "JobDown"}
    post(0, fires(job, at(0), at(0)))
    post(0.1, *firing(0.1, 1))
    post(1, ends(job, at(0), at(1)), ends(labels(1), at(0), at(1)))
    work(2)
    assert [request.json["alert"]["name"] for request in hooks.requests] == ["JobDown", "JobDown"]


# 29: `group_by: ['...']` is how the gateway tells what no rule groups.
def test_what_is_not_grouped_is_told_alert_by_alert(hooks, alone):
    post(0, *firing(0, 1, 2, 3))
    assert told(hooks) == [(FIRING, 1, 0)] * 3

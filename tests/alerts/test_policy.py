"""What the policy decides, as pure values."""

from datetime import timedelta

import pytest

from alerts.policy import Firing, Source
from tests.alerts.policies import (
    NOON,
    NOTIFY,
    PAGER,
    decide,
    inhibition,
    policy,
    rule,
    silence,
    subscription,
)


def told(verdict) -> list[str]:
    return [telling.name for telling in verdict.tellings]


def test_only_rules_that_match_take_part_and_say_their_version():
    verdict = decide(
        policy(
            rule("billing", '{service="billing"}', NOTIFY), rule("search", '{service="search"}')
        ),
        {"service": "billing"},
    )
    assert told(verdict) == ["ops"]
    [reason] = verdict.reasons
    assert (reason["name"], reason["version"], reason["matched"]) == ("billing", 1, True)
    assert reason["actions"] == ["notify ops"]


def test_later_rules_see_what_earlier_ones_set_also_through_the_index():
    asked = policy(
        rule("raise", '{service="billing"}', {"set": {"severity": "critical"}}, order=1),
        rule("warn", '{severity="warning"}', NOTIFY, order=2),
        rule("page", '{severity="critical"}', PAGER, order=3),
        rule("before", '{severity="critical"}', NOTIFY, order=0),
    )
    verdict = decide(asked, {"service": "billing"})
    assert told(verdict) == ["pager"]
    assert verdict.severity == "critical"
    assert [(c.field, c.before, c.after) for c in verdict.changes] == [
        ("severity", "warning", "critical")
    ]
    # What matchers saw before any rule.
    assert verdict.labels["severity"] == "warning"


def test_a_rule_that_stops_ends_the_walk():
    verdict = decide(policy(rule("one", "", NOTIFY, stop=True), rule("two", "", PAGER)))
    assert told(verdict) == ["ops"]
    assert verdict.reasons[0]["stopped"] is True


def test_outside_its_active_times_a_rule_is_not_asked():
    asked = policy(
        rule("office", "", NOTIFY, active_times="mon-fri 09:00-17:00 Europe/Berlin", stop=True),
        rule("else", "", PAGER),
    )
    assert told(decide(asked)) == ["ops"]
    assert told(decide(asked, now=NOON + timedelta(hours=5))) == ["pager"]
    # 15:59 UTC is 16:59 in Berlin in winter.
    assert told(decide(asked, now=NOON.replace(hour=15, minute=59))) == ["ops"]
    assert told(decide(asked, now=NOON.replace(hour=16, minute=0))) == ["pager"]


def test_a_team_s_rule_tells_and_pages_but_neither_hushes_changes_nor_remedies_anothers():
    remedy = {"remediate": "ec2_reboot", "with": {}, "dry_run": True, "approval": "none"}
    asked = policy(
        rule(
            "grab", "", {"suppress": "x"}, {"set": {"severity": "info"}}, NOTIFY,
            {"page": "search"}, remedy, team="search", stop=True,
        ),
        rule("all", "", PAGER),
    )  # fmt: skip
    foreign = decide(asked, {"team": "payments"})
    assert (foreign.suppressed, foreign.severity) == ("", "warning")
    assert told(foreign) == ["ops", "pager"]
    assert [page.name for page in foreign.pages] == ["search"]
    assert not foreign.remedies
    assert foreign.reasons[0]["actions"][0].endswith("(not done: the alert is team payments's)")
    own = decide(asked, {"team": "search"})
    assert (own.suppressed, own.severity) == ("rule grab: x", "info")
    assert [(r.plugin, r.dry_run, r.approval) for r in own.remedies] == [
        ("ec2_reboot", True, "none")
    ]


def test_a_grouped_rule_shares_the_values_of_its_labels():
    asked = policy(rule("grouped", "", NOTIFY, group_by=["service", "zone"]))
    [telling] = decide(asked, {"service": "billing"}).tellings
    assert telling.group is not None
    assert telling.group.labels == (("service", "billing"), ("zone", ""))
    assert (telling.group.wait, telling.group.interval) == (
        timedelta(seconds=10),
        timedelta(minutes=5),
    )


def test_who_was_told_of_it_is_not_told_again():
    asked = policy(rule("all", "", NOTIFY, PAGER))
    verdict = decide(asked, told={1: {"warning"}, 2: {"critical"}})
    assert (told(verdict), verdict.already) == (["pager"], ["ops"])
    verdict = decide(asked, told={1: {"warning"}}, about="woken 3")
    assert told(verdict) == ["ops", "pager"]


def test_a_silence_holds_back_with_its_comment_from_its_start_to_its_end():
    asked = policy(rule("all", "", NOTIFY), silence('{service="billing"}'))
    verdict = decide(asked, {"service": "billing"})
    assert verdict.suppressed.endswith(": maintenance")
    assert verdict.suppressed.startswith("silence ")
    assert verdict.reasons[-1]["note"] == f"Held back by {verdict.suppressed}"
    assert decide(asked, {"service": "search"}).suppressed == ""
    start, end = NOON.replace(hour=0), NOON.replace(day=3, hour=0)
    for at, holds in [
        (start - timedelta(seconds=1), False),
        (start, True),
        (end - timedelta(seconds=1), True),
        (end, False),
        (NOON, True),
    ]:
        assert bool(decide(asked, {"service": "billing"}, now=at).suppressed) is holds


def test_a_silence_that_was_ended_early_holds_nothing():
    asked = policy(silence("{}", ended_at="2026-03-02T11:00:00Z"))
    assert decide(asked).suppressed == ""
    assert decide(asked, now=NOON.replace(hour=10)).suppressed


def test_a_recurring_silence_comes_at_the_wall_s_time():
    asked = policy(
        silence(
            "{}", starts_at="2026-03-01T01:00:00Z", ends_at="", recurrence="FREQ=WEEKLY;BYDAY=SU",
            zone="Europe/Berlin", duration=3600.0,
        )
    )  # fmt: skip
    for day, hour, minute, holds in [
        (1, 1, 30, True),
        (1, 2, 0, False),
        (8, 1, 0, True),
        (29, 0, 30, False),  # 01:30 in Berlin
        (29, 1, 30, True),  # 02:00 does not exist there that day and is read as 03:00
    ]:
        at = NOON.replace(day=day, hour=hour, minute=minute)
        assert bool(decide(asked, now=at).suppressed) is holds, at


def test_a_team_s_silence_holds_back_its_own_alerts_and_nobody_s():
    asked = policy(silence("{}", team="payments"))
    assert decide(asked, {"team": "payments"}).suppressed
    assert decide(asked, {}).suppressed
    assert not decide(asked, {"team": "search"}).suppressed


def fires(found, *equal: str, pk: int = 9, two_sided: bool = False) -> Firing:
    return Firing([(found.id, equal, Source(pk, "JobDown", two_sided))])


def test_an_inhibition_holds_back_what_shares_the_source_s_labels():
    found = inhibition('{name="JobDown"}', '{name="InstanceDown"}', "zone")
    asked = policy(rule("all", "", NOTIFY), found)
    firing = fires(found, "aa")
    target = {"name": "InstanceDown", "zone": "aa"}
    verdict = decide(asked, target, firing=firing)
    assert verdict.suppressed == "inhibited by alert 9: JobDown"
    assert verdict.reasons[-1]["alert"] == 9
    assert not decide(asked, target | {"zone": "ab"}, firing=firing).suppressed
    assert not decide(asked, target).suppressed


def test_a_label_that_is_missing_is_never_equal():
    found = inhibition('{name="JobDown"}', '{name="InstanceDown"}', "zone")
    verdict = decide(policy(found), {"name": "InstanceDown"}, firing=fires(found, ""))
    assert not verdict.suppressed


def test_what_is_both_source_and_target_is_not_held_back_by_another_such_nor_by_itself():
    found = inhibition('{severity="warning"}', '{name="InstanceDown"}')
    asked = policy(found)
    both = {"name": "InstanceDown"}
    assert not decide(asked, both, firing=fires(found, two_sided=True)).suppressed
    assert decide(asked, both, firing=fires(found, two_sided=False)).suppressed
    assert not decide(asked, both, firing=fires(found, pk=1)).suppressed


def test_a_subscription_hears_from_its_severity_on_by_the_person_s_own_channel():
    asked = policy(
        subscription('{service="billing"}', min_severity="high", personal={7: (2, "pager")})
    )
    assert told(decide(asked, {"service": "billing"})) == []
    [telling] = decide(asked, {"service": "billing", "severity": "critical"}).tellings
    assert (telling.channel, telling.user, telling.group) == (2, 7, None)


def test_a_subscription_of_somebody_without_a_channel_names_the_person():
    [telling] = decide(policy(subscription())).tellings
    assert (telling.channel, telling.user) == (None, 7)


def test_who_is_named_by_a_rule_is_not_told_a_second_time_by_a_subscription():
    asked = policy(rule("all", "", NOTIFY), subscription(ids={"channel": 1}, channel="ops"))
    verdict = decide(asked)
    assert told(verdict) == ["ops"]
    assert verdict.reasons[-1]["actions"] == ["notify ops at once (named before)"]


@pytest.mark.parametrize(
    ("more", "hour", "at"),
    [
        ({"digest": "every 30m"}, 12, NOON.replace(minute=30)),
        ({"digest": "daily 09:00", "zone": "Europe/Berlin"}, 12, NOON.replace(day=3, hour=8)),
        ({"quiet_hours": "22:00-06:00"}, 12, None),
        ({"quiet_hours": "22:00-06:00"}, 23, NOON.replace(day=3, hour=6)),
        ({"quiet_hours": "22:00-06:00", "digest": "every 1h"}, 22, NOON.replace(day=3, hour=6)),
    ],
)
def test_a_subscription_waits_for_its_digest_and_for_the_end_of_quiet_hours(more, hour, at):
    [telling] = decide(policy(subscription(**more)), now=NOON.replace(hour=hour)).tellings
    assert (telling.group.at if telling.group else None) == at


def test_a_draft_stands_in_its_rule_s_place_or_beside_all():
    first, second = rule("one", "", NOTIFY, stop=True), rule("two", "", NOTIFY)
    asked = policy(first, second)
    draft = {
        "name": "draft", "match": "", "order": 100, "stop": True, "enabled": True, "team": "",
        "active_times": "", "group_by": [], "group_wait": 0, "group_interval": 60,
        "actions": [PAGER], "ids": {"channels": {"pager": 2}, "teams": {}, "team": None},
    }  # fmt: skip
    assert told(decide(asked.replace(draft, first.id))) == ["pager"]
    assert told(decide(asked.replace(draft))) == ["ops"]
    assert told(decide(asked.replace(draft | {"order": 1}))) == ["pager"]
    assert told(decide(asked)) == ["ops"]


def test_the_trace_shows_every_matcher_of_everything_in_its_order():
    asked = policy(
        rule("search", '{service="search", severity="warning"}', PAGER, order=1),
        rule("raise", "", {"set": {"severity": "high"}}, order=2),
        rule("stop", '{severity="high"}', NOTIFY, stop=True, order=3),
        rule("never", "", PAGER, order=4),
        rule("off", "", PAGER, order=5, enabled=False),
        rule("broken", "{service=", NOTIFY, order=0),
        silence('{service="billing"}', ended_at="2026-03-02T01:00:00Z"),
        subscription('{service="billing"}', min_severity="critical"),
    )
    labels = {"service": "billing", "severity": "warning", "team": ""}
    looks = {look.name: look for look in asked.trace(labels, now=NOON)}
    assert list(looks) == [
        "broken", "search", "raise", "stop", "never", "off", "maintenance", "mine",
    ]  # fmt: skip
    assert looks["search"].matchers == (('service="search"', False), ('severity="warning"', True))
    assert not looks["search"].matched
    assert looks["stop"].acted
    assert looks["stop"].does == ("notify ops",)
    assert "stop" in looks["never"].note
    assert (looks["never"].matched, looks["never"].acted) == (True, False)
    assert looks["off"].note == "disabled"
    assert "column" in looks["broken"].note
    assert not looks["broken"].matched
    assert looks["maintenance"].note == "not at that time"
    assert looks["mine"].note == "less severe than critical"

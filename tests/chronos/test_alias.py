"""Names that mean the same become one: in what comes, in what was, and in the trail."""

from datetime import timedelta

import pytest

from chronos.alias import apply_aliases, delete_alias, save_alias
from chronos.ask.ask import read_here
from chronos.count import count_changes, counts_by_hour
from chronos.freezes import compile_freeze, seen_of, unify_freeze
from chronos.models import Alias, ChangeEvent, Freeze, KnownName, Running
from chronos.names import known_names
from chronos.search import matching, read_query
from chronos.suspects import Scene, find_suspects
from chronos.unify import canonical_name, forget_aliases
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from tests.chronos.reports import NOW, ago, change, record

pytestmark = pytest.mark.django_db
JO = Actor("jo", None, None)


def make(name, canonical, field="service", now=NOW):
    alias = Alias(field=field, name=name, canonical=canonical)
    save_alias(alias, actor=JO, now=now)
    return alias


def services():
    rows = ChangeEvent.objects.exclude(kind="alias").order_by("pk")
    return list(rows.values_list("service", flat=True))


def test_a_change_is_recorded_with_the_canonical_name():
    record(change(service="Billing"))
    make("Billing", "billing")
    record(change(ago(hours=1), service="Billing"), change(service="api"))
    assert services() == ["Billing", "billing", "api"]
    assert canonical_name("service", "Billing") == "billing"
    assert canonical_name("environment", "Billing") == "Billing"


def test_changes_of_before_follow_and_are_counted_anew():
    record(change(environment="production"), change(ago(days=50), environment="production"))
    count_changes(now=NOW)
    make("production", "prod", "environment")
    assert apply_aliases(now=NOW + timedelta(minutes=1)) == 2
    count_changes(now=NOW + timedelta(minutes=1))
    counted = counts_by_hour(ago(days=99), NOW + timedelta(days=1), by="environment")
    assert {name for _, name in counted} == {"prod", ""}
    assert Alias.objects.get().applied_at is None  # other processes have not heard of it yet
    assert apply_aliases(now=NOW + timedelta(minutes=3)) == 0
    assert Alias.objects.get().applied_at
    assert not KnownName.objects.filter(name="production").exists()


def test_many_changes_follow_in_as_many_statements_as_there_are_batches(
    django_assert_max_num_queries,
):
    record(*(change(ago(minutes=n), service="Api") for n in range(100)))
    make("Api", "api")
    with django_assert_max_num_queries(6):
        assert apply_aliases(now=NOW) == 100


def test_an_alias_leaves_an_audit_entry_and_a_change():
    alias = make("Api", "api")
    assert save_alias(alias, actor=JO, now=NOW) is False
    delete_alias(alias, actor=JO, now=NOW)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "create",
        "delete",
    ]
    recorded = ChangeEvent.objects.filter(kind="alias").order_by("pk")
    assert [event.action for event in recorded] == ["created", "deleted"]
    assert canonical_name("service", "Api") == "Api"


def test_aliases_of_aliases_lead_to_one_name():
    make("a1", "b1")
    make("b1", "c1")
    make("d1", "b1")
    aliases = Alias.objects.order_by("name").values_list("name", "canonical")
    assert list(aliases) == [("a1", "c1"), ("b1", "c1"), ("d1", "c1")]
    with pytest.raises(PayloadError, match="a1 is an alias of c1"):
        make("c1", "a1")


@pytest.mark.parametrize(
    ("field", "name", "canonical"),
    [
        ("service", "", "x"),
        ("service", "x", " "),
        ("service", "x\0", "y"),
        ("service", "x" * 201, "y"),
        ("environment", "x", "y" * 101),
        ("title", "x", "y"),
        ("", "x", "y"),
    ],
)
def test_what_is_no_alias_is_refused(field, name, canonical):
    with pytest.raises(PayloadError):
        make(name, canonical, field)
    assert not Alias.objects.exists()


def test_a_name_has_one_alias():
    make("Api", "api")
    with pytest.raises(ConflictError):
        make("Api", "other")


def test_names_are_known_as_they_come(django_assert_num_queries):
    record(change(service="api", environment="prod", team="core"))
    with django_assert_num_queries(1):
        known = known_names()
        assert known_names() is known
    assert (known["service"], known["actor"], known["source"]) == (("api",), ("jo",), ("ci",))


def test_counting_notes_when_a_name_was_told_last_and_what_was_missed():
    record(change(service="api"), now=ago(hours=1))
    KnownName.objects.filter(name="jo").delete()
    record(change(ago(days=1), service="api"), now=NOW)
    count_changes(now=NOW)
    seen = {row.name: row for row in KnownName.objects.all()}
    assert (seen["api"].first_seen_at, seen["api"].last_seen_at) == (ago(hours=1), NOW)
    assert seen["jo"].last_seen_at == NOW


def test_a_source_that_only_repeats_itself_is_heard(monkeypatch):
    monkeypatch.setattr("chronos.names._HEARD_EVERY", 0)
    record(change(), now=ago(hours=1))
    assert record(change(), now=NOW)[0].outcome == "repeated"
    assert KnownName.objects.get(field="source").last_seen_at == NOW


def test_another_process_knows_an_alias_within_a_minute():
    record(change(service="api"))
    Alias.objects.create(field="service", name="Api", canonical="api", created_at=NOW)
    record(change(ago(hours=1), service="Api"))
    assert services() == ["api", "Api"]
    forget_aliases()  # as a minute does
    record(change(ago(hours=2), service="Api"))
    assert services() == ["api", "Api", "api"]


def test_what_runs_where_follows_its_new_name():
    record(
        change(ago(hours=2), kind="deployment", service="Api", version="1", environment="prod"),
        change(ago(hours=1), kind="deployment", service="api", version="2", environment="dev"),
    )
    make("Api", "api")
    apply_aliases(now=NOW)
    places = Running.objects.order_by("version").values_list("service", "environment", "version")
    assert list(places) == [("api", "prod", "1"), ("api", "dev", "2")]


def test_who_asks_with_an_alias_is_answered_of_what_is_recorded():
    make("prod", "production", "environment")
    record(change(ago(minutes=5), service="api", environment="prod"))
    query = read_query({"env": ["prod"]}, now=NOW)
    assert [event.environment for event in matching(query)] == ["production"]
    reading, _ = read_here("deploys in prod today", now=NOW)
    assert reading.values_of("environment") == ("production",)


def test_an_alert_that_says_an_alias_has_the_suspects_of_that_place():
    make("prod", "production", "environment")
    record(change(ago(minutes=5), service="api", environment="prod"))
    suspect = find_suspects(Scene(NOW, "api", "prod"))[0]
    assert suspect.terms[1].why == "the same service"


def test_a_freeze_that_says_an_alias_holds_for_what_is_recorded():
    make("prod", "production", "environment")
    record(change(service="api", environment="prod"))
    freeze = unify_freeze(
        compile_freeze(
            Freeze(name="weekend", match='env="prod"', kinds=["config"], starts_at=NOW, ends_at=NOW)
        )
    )
    assert freeze.concerns(seen_of(ChangeEvent.objects.get(service="api")))

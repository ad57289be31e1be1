"""A filter by matchers selects exactly the rows for which the predicate holds."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from alerts.labels import QUERY_FIELDS, alert_labels
from alerts.models import Alert
from opsportal.accounts.models import Team
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import Matcher, Matchers, filter_queryset, parse_matchers
from opsportal.lib.matchers import query as query_module
from opsportal.lib.matchers.posix import posix_pattern

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [
    "job", "1", 'q"uote', "a.b", "ü", "load", "$", "back\\slash", "alertname", "instance", "team",
    "severity", "value", "label.severity",
]  # fmt: skip
VALUES = [
    "", "h", "H", "h1", "h\n1", "h\n", "\n", "a.b", "ab", "5", "5.0", "-3", "1e2", "1e999", "nan",
    "1_0", " 7", "7 ", "Ä", "ä", "😀", "a_b", "a b", "\\", '"', "'", "%", "٣", "\t", "critical",
    "high", "it's 100%", "é", "0.0", "-0.0", "9" * 50, "1e-400", "1e306", "1e307",
]  # fmt: skip
PATTERNS = [
    "h", "h.+", "qux|", "critical|high", ".*", ".+", "", "h.?1?", r"\d+", r"\D*", r"[^0-9]+",
    r"\w+", r"\W", r"[\w.]+", "(?i)h", "(?i)h.*|critiKAL|[^1]",
    "(?s).+", "(?:a|b)+", "(a|b){2}", "a.b", r"a\.b", "^h$", r"h\b.*",
    r"\pL+", "[[:alpha:]]+", "[a-z]+?", "ä", "[ä]", r"\s.*", r".*\s", "h[^x]1", r"(h|)\n?1?", "😀",
    r"[0-9]{1,3}(\.[0-9]+)?", "x*", "(a*)*b?", r"\\", r"\x41", r"it's \d+%", "h|", "|", r"\Qa.b\E",
    r"[^\s]+", r"\S\S?", "%", "_", "a_b", r"[-+]?\d+", r"a{0}h", r"\_", "]", "h]|h",
]  # fmt: skip


def make_alert(number: int, **fields) -> Alert:
    team = fields.pop("team", None)
    return Alert(
        dedup_key=f"{fields.pop('door', '')}k{number}",
        name=fields.pop("name", "n"),
        received_severity="high",
        content_hash="x",
        starts_at=NOW,
        received_at=NOW,
        last_received_at=NOW,
        team=Team.objects.get_or_create(name=team)[0] if team else None,
        **fields,
    )


def assert_equal(matchers: Matchers) -> None:
    alerts = Alert.objects.select_related("team")
    expected = {alert.pk for alert in alerts if matchers.matches(alert_labels(alert))}
    found = filter_queryset(Alert.objects.all(), matchers, QUERY_FIELDS)
    assert {alert.pk for alert in found} == expected, str(matchers)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
values = st.sampled_from(VALUES) | texts
floats = st.floats(allow_nan=False, allow_infinity=False)
rows = st.fixed_dictionaries(
    {
        "door": st.sampled_from(["", "am:"]),
        "service": values,
        "resource": values,
        "severity": st.sampled_from(["critical", "high", "low"]),
        "labels": st.dictionaries(st.sampled_from(KEYS) | texts, values, max_size=4),
        "value": st.none() | st.sampled_from([0.0, -0.0, 5.0, 1e16, 1e306, 1e308, -3.5]) | floats,
        "team": st.none() | st.sampled_from(["payments", "Search", "h1"]),
    }
)
atoms = st.sampled_from(
    ["a", "h", "1", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[a-z]", "[^a-z]", r"[\d.]",
     r"[^\w-]", r"\.", r"\\", "ä", " ", "(?:)", "()", "[%_-]", r"[\]\\]", "\n", "^", "$", r"\b"]
)  # fmt: skip
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.builds(
            "(?:{}){}{}".format,
            inner,
            st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{1,3}", "{0,2}", "{3,40}", "{0}"]),
            st.sampled_from(["", "?"]),
        ),
    ),
    max_leaves=8,
)
names = st.sampled_from(
    [*KEYS, "service", "absent", "label.service", "label.team", "label.value", "label.name"]
)
numbers = st.sampled_from(["5", "0", "-3", "1e2", "-1e306", "1e306", ".5", "7."]) | floats.map(repr)
matchers = st.one_of(
    st.builds(Matcher, names, st.sampled_from(["=", "!="]), values | floats.map(repr)),
    st.builds(Matcher, names, st.sampled_from(["=~", "!~"]), st.sampled_from(PATTERNS) | patterns),
    st.builds(Matcher, names, st.sampled_from(["<", "<=", ">", ">="]), numbers),
)


class TestEquality(TestCase):
    @settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.lists(rows, min_size=1, max_size=6), st.lists(matchers, min_size=1, max_size=8))
    def test_the_filter_equals_the_predicate(self, drawn, items):
        Alert.objects.bulk_create([make_alert(n, **row) for n, row in enumerate(drawn)])
        for item in items:
            assert_equal(Matchers((item,)))


@pytest.mark.django_db
def test_every_pattern_over_every_value_is_equal():
    Alert.objects.bulk_create(
        [make_alert(n, service=v, labels={"job": v}) for n, v in enumerate(VALUES)]
        + [
            make_alert(100 + n, value=v)
            for n, v in enumerate([0.0, -0.0, 5.0, 1e306, 1e308, 1e-320])
        ]
        + [make_alert(-1)]
    )
    for name in ("job", "service", "team", "value"):
        for pattern in PATTERNS:
            for op in ("=~", "!~"):
                assert_equal(Matchers((Matcher(name, op, pattern),)))
        for value in VALUES:
            assert_equal(Matchers((Matcher(name, "=", value),)))
            assert_equal(Matchers((Matcher(name, "!=", value),)))
        for op in ("<", "<=", ">", ">="):
            for bound in ("-1e306", "5", "1e2", "1e306"):
                assert_equal(Matchers((Matcher(name, op, bound),)))


@pytest.mark.django_db
def test_matchers_combine_and_keep_the_earlier_filters():
    Alert.objects.bulk_create(
        [
            make_alert(1, service="billing", severity="high", team="payments"),
            make_alert(2, service="billing", severity="low"),
            make_alert(3, service="search", severity="high"),
        ]
    )
    wanted = parse_matchers('{service=~"b.*g", severity=~"critical|high"}')
    found = filter_queryset(Alert.objects.exclude(dedup_key="k3"), wanted, QUERY_FIELDS)
    assert [alert.dedup_key for alert in found] == ["k1"]
    untold = parse_matchers('team!="payments"')
    found = filter_queryset(Alert.objects.order_by("id"), untold, QUERY_FIELDS)
    assert [alert.dedup_key for alert in found] == ["k2", "k3"]


@pytest.mark.django_db
def test_plain_equality_is_plain_sql():
    found = filter_queryset(Alert.objects.all(), parse_matchers('severity="high"'), QUERY_FIELDS)
    assert '"alerts_alert"."severity" = ' in str(found.query)
    assert "COALESCE" not in str(found.query)


@pytest.mark.parametrize(
    "pattern",
    ["(?i)ä", r"(?i)\w", "(?i)[a-z]", "a(?i)x", r"\bx", r"\pL", "[[:alpha:]]", "^x", "x$", "a{61}"],
)
def test_what_postgresql_reads_differently_is_not_translated(pattern):
    assert posix_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        ("h.+", r"h[^\n]+"),
        (r"\d{3}", "[0-9]{3}"),
        (r"(?:a|b)*?\.com", r"(?:a|b)*\.com"),
        (r"[^\d.-]x", "[^0-9.-]x"),
        ("(?i).*Disk 1", "[^\\n]*[dD][iI][sS\u017f][kK\u212a] 1"),
    ],
)
def test_the_common_subset_is_translated(pattern, translated):
    assert posix_pattern(pattern) == f"***:^(?:{translated})$"


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL itself")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_translation_is_accepted_by_postgresql(pattern):
    translated = posix_pattern(pattern)
    if translated is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'x' ~ %s", [translated])


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite needs no list of values")
def test_too_many_values_to_look_up_are_refused_with_advice(monkeypatch):
    monkeypatch.setattr(query_module, "MAX_LISTED", 2)
    Alert.objects.bulk_create([make_alert(n, service=f"s{n}") for n in range(3)])
    with pytest.raises(PayloadError, match="write a simpler pattern"):
        filter_queryset(Alert.objects.all(), parse_matchers(r'service=~"\bs.*"'), QUERY_FIELDS)
    few = Alert.objects.exclude(dedup_key="k0")
    assert filter_queryset(few, parse_matchers(r'service=~"\bs.*"'), QUERY_FIELDS).count() == 2

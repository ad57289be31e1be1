"""Inhibitions: what is refused, what is kept."""

import pytest

from alerts.change import delete_inhibition, save_inhibition
from alerts.models import Inhibition, PolicyVersion
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW

pytestmark = pytest.mark.django_db


def make_inhibition(**values) -> Inhibition:
    defaults = {
        "name": "host down",
        "source_match": 'name="HostDown"',
        "target_match": 'severity=~"warning|low"',
        "equal": ["host"],
    }
    return Inhibition(**defaults | values)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"source_match": ""}, "source_match"),
        ({"source_match": 'name!="x"'}, "source_match"),
        ({"target_match": 'name=~".*"'}, "target_match"),
        ({"target_match": "name="}, "target_match"),
        ({"equal": "host"}, "equal"),
        ({"equal": ["host", ""]}, "equal"),
        ({"equal": ["host", 3]}, "equal"),
        ({"equal": ["host", "host"]}, "equal"),
        ({"equal": [f"l{number}" for number in range(21)]}, "equal"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(values, field):
    with pytest.raises(PayloadError) as caught:
        save_inhibition(make_inhibition(**values), actor=JO, now=NOW)
    assert field in [error.field for error in caught.value.errors]


def test_it_is_kept_with_versions_and_a_trail():
    inhibition = make_inhibition(team=make_team("payments"))
    assert save_inhibition(inhibition, actor=JO, now=NOW)
    assert not save_inhibition(inhibition, actor=JO, now=NOW)
    inhibition.equal = []
    assert save_inhibition(inhibition, actor=JO, now=NOW)
    assert inhibition.version == 2
    team_id = inhibition.team_id
    delete_inhibition(inhibition, actor=JO, now=NOW)
    versions = PolicyVersion.objects.filter(kind="inhibition").order_by("number")
    assert [version.removed for version in versions] == [False, False, True]
    assert all(version.state["ids"] == {"team": team_id} for version in versions)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["create", "change", "delete"]

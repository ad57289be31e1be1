"""Teams are not pulled from under what needs them."""

from datetime import UTC, datetime

import pytest

from alerts.models import Rule, RuleAction
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.models import AuditEntry, Team
from opsportal.accounts.teams import delete_team, save_team
from opsportal.lib.errors import ConflictError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_a_team_that_a_rule_pages_stays():
    team = Team(name="payments")
    save_team(team, actor=COMMAND_LINE, now=NOW)
    rule = Rule.objects.create(name="page them")
    RuleAction.objects.create(rule=rule, kind="page", team=team)
    with pytest.raises(ConflictError, match="payments is needed by: page payments"):
        delete_team(team, actor=COMMAND_LINE, now=NOW)
    assert Team.objects.filter(name="payments").exists()
    assert not AuditEntry.objects.filter(action="delete").exists()
    rule.delete()
    delete_team(team, actor=COMMAND_LINE, now=NOW)
    assert not Team.objects.exists()

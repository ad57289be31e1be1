"""Teams in configuration files."""

from datetime import UTC, datetime

import pytest

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import AuditEntry, Membership, Team, User
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db
FILE = """
teams:
- name: payments
  description: Those who pay
  members:
  - ada
  - user: grace
    role: team_admin
"""


@pytest.fixture(autouse=True)
def people():
    for name in ("ada", "grace", "linus"):
        User.objects.create(username=name)


def apply(text, **options):
    deed = Deed(COMMAND_LINE, NOW)
    return apply_config(text.encode(), deed=deed, mask=mask_secret, **options)


def roles(team="payments"):
    return dict(Membership.objects.filter(team__name=team).values_list("user__username", "role"))


def test_a_team_is_made_with_its_members_and_a_trail():
    apply(FILE)
    assert Team.objects.get().description == "Those who pay"
    assert roles() == {"ada": "responder", "grace": "team_admin"}
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == ("command line", "create", "payments")
    assert entry.after["members"] == {"ada": "responder", "grace": "team_admin"}


def test_a_second_run_changes_nothing():
    apply(FILE)
    assert apply(FILE).difference == ""
    assert AuditEntry.objects.count() == 1


def test_members_become_those_of_the_file():
    apply(FILE)
    apply("teams: [{name: payments, members: [linus, {user: ada, role: viewer}]}]")
    assert roles() == {"ada": "viewer", "linus": "responder"}
    entry = AuditEntry.objects.first()
    assert entry.action == "change"
    assert entry.before["members"] == {"ada": "responder", "grace": "team_admin"}


def test_keys_that_are_absent_stay_untouched():
    apply(FILE)
    apply("teams: [{name: payments}]")
    assert len(roles()) == 2
    apply("teams: [{name: payments, description: null}]")
    assert Team.objects.get().description == ""
    assert len(roles()) == 2


def test_the_export_of_an_import_is_the_same_text():
    apply(FILE)
    text = export_config()
    Team.objects.all().delete()
    apply(text)
    assert export_config() == text
    assert FILE in text


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("[nobody]", 'teams[0].members[0]: no user "nobody"; create the user first'),
        ("[ada, ada]", 'teams[0].members[1]: "ada" is a member already'),
        ("[{user: nobody}]", 'teams[0].members[0].user: no user "nobody"'),
        ("[{role: viewer}]", "teams[0].members[0]: user is missing"),
        ("[{user: ada, role: boss}]", 'teams[0].members[0].role: no role "boss"; write viewer'),
        ("[{user: ada, since: x}]", "teams[0].members[0].since: unknown"),
        ("[5]", "teams[0].members[0]: write a text here"),
        ("ada", "teams[0].members: write a list here"),
    ],
)
def test_a_complaint_about_members_says_where(members, message):
    with pytest.raises(ConfigError) as caught:
        apply(f"teams: [{{name: payments, members: {members}}}]")
    assert message in caught.value.message
    assert not Team.objects.exists()


def test_pruning_a_team_leaves_an_entry():
    Team.objects.create(name="old")
    apply("teams: []", prune=True)
    assert AuditEntry.objects.get().action == "delete"
    assert not Team.objects.exists()

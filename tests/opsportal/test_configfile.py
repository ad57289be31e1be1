"""The engine of configuration files: what is refused, where, and that nothing is half done."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import Team
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import MAX_BYTES, ConfigError, load_yaml

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def apply(text, **options):
    content = text if isinstance(text, bytes) else text.encode()
    return apply_config(content, deed=Deed(COMMAND_LINE, NOW), mask=mask_secret, **options)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("teems: []", "teems: unknown; write one of teams, "),
        ("- 1", "the file: write keys and values here, such as teams: ..."),
        ("teams: {a: b}", "teams: write a list here, each entry after a dash"),
        ("teams: [x]", "teams[0]: an entry needs a name"),
        ("teams: [{name: 5}]", "teams[0].name: write a text here, in quotes"),
        ("teams: [{name: ' '}]", "teams[0].name: the text is empty"),
        ("teams: [{name: null}]", "teams[0].name: write a text here, in quotes"),
        ("teams: [{name: a}, {name: a}]", 'teams[1]: a second "a"; merge it with the first'),
        ("teams: [{name: a, colour: red}]", "teams[0].colour: unknown; write one of name, desc"),
        ('teams: [{name: "a\\0b"}]', "teams[0].name: the text has a character"),
        ('teams: [{name: "\\ud800"}]', "the text has a character"),
        ("teams: [{name: a, name: b}]", "line 1: the key name is given twice; remove one"),
        ("teams: []\nteams: []", "line 2: the key teams is given twice"),
        ("1: a", "line 1: keys are texts"),
        ("teams:\n  - [", "line 2: not YAML"),
        ("a: !!python/object:os.system x", "line 1: not YAML"),
        ("[" * 5000, "not YAML"),
        (b"\xff\xfe\xff", "not UTF-8 text"),
        (b"\x07", "not YAML"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        ("&a [*a]", "write keys and values here"),
        ("? [a]\n: b", "keys are texts"),
        (f"teams: [{{name: {'n' * 101}}}]", "teams[0].name: Ensure this value has at most 100"),
    ],
)
def test_a_complaint_says_where_and_what_to_do(text, message):
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert message in caught.value.message
    assert Team.objects.count() == 0


@pytest.mark.django_db
def test_all_of_it_or_nothing():
    with pytest.raises(ConfigError):
        apply("teams: [{name: a}, {name: b, members: [nobody]}]")
    assert Team.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "teams: []"])
def test_an_empty_file_changes_nothing(text):
    Team.objects.create(name="payments")
    assert apply(text).difference == ""
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_check_prints_the_same_difference_and_changes_nothing():
    text = "teams: [{name: payments}]"
    checked = apply(text, check=True)
    assert Team.objects.count() == 0
    assert checked == apply(text)
    assert "+- name: payments" in checked.difference
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_what_the_file_does_not_name_is_left_unless_pruned():
    Team.objects.create(name="old")
    outcome = apply("teams: [{name: new}]")
    assert outcome.left == {"teams": ["old"]}
    assert Team.objects.count() == 2
    outcome = apply("teams: [{name: new}]", prune=True)
    assert outcome.left == {}
    assert "-- name: old" in outcome.difference
    assert [team.name for team in Team.objects.all()] == ["new"]


@pytest.mark.django_db
def test_pruning_leaves_sections_that_the_file_does_not_have():
    Team.objects.create(name="old")
    apply("rules: []", prune=True)
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_an_export_of_nothing_can_be_applied():
    assert apply(export_config()).difference == ""


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"#\n ,?", max_size=60).map(str.encode))
def test_any_file_is_read_or_refused_with_a_reason(content):
    try:
        load_yaml(content)
    except ConfigError as error:
        assert error.message

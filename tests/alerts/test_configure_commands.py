"""Configuration files by the commands: `applyconfig` and `exportconfig`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from alerts.models import Rule
from tests.alerts.configuring import FILE, apply

pytestmark = pytest.mark.django_db


def run(name, *args):
    out = StringIO()
    call_command(name, *args, stdout=out)
    return out.getvalue()


def test_the_commands_print_the_difference_once(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    checked = run("applyconfig", str(path), "--check")
    assert not Rule.objects.exists()
    assert run("applyconfig", str(path)) == checked
    assert "+- name: tell payments" in checked
    assert "open sesame" not in checked
    assert run("applyconfig", str(path)) == "no changes\n"
    path.write_text(run("exportconfig"))
    assert run("applyconfig", str(path)) == "no changes\n"


def test_the_command_names_what_is_not_in_the_file(tmp_path):
    apply(FILE)
    path = tmp_path / "config.yaml"
    path.write_text("rules: []")
    assert run("applyconfig", str(path)) == (
        "no changes\n"
        "rules not in the file: quiet staging, tell payments (left alone; --prune removes)\n"
    )


def test_the_command_fails_with_file_and_place(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(CommandError, match=r"config\.yaml: No such file"):
        run("applyconfig", str(path))
    path.write_text("rules: [{name: x, match: '{'}]")
    with pytest.raises(CommandError, match=r"config\.yaml: rules\[0\]\.match: Matchers, column 2"):
        run("applyconfig", str(path))

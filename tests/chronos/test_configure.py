"""Aliases in configuration files."""

import pytest

from chronos.models import Alias
from opsportal.accounts.models import AuditEntry
from opsportal.lib.confignode import ConfigError
from tests.alerts.configuring import apply

pytestmark = pytest.mark.django_db
FILE = """\
aliases:
- name: service:Billing_API
  canonical: billing-api
- name: environment:production
  canonical: prod
"""


def test_a_file_makes_aliases_once():
    apply(FILE)
    assert apply(FILE).difference == ""
    found = Alias.objects.values_list("field", "name", "canonical")
    assert set(found) == {
        ("service", "Billing_API", "billing-api"),
        ("environment", "production", "prod"),
    }
    assert AuditEntry.objects.filter(target_type="chronos.alias").count() == 2


def test_what_the_file_does_not_name_is_removed_when_asked():
    apply(FILE)
    apply("aliases: []", prune=True)
    assert not Alias.objects.exists()


@pytest.mark.parametrize(
    "entry",
    [
        "{name: Billing, canonical: b}",
        "{name: 'title:x', canonical: b}",
        "{name: 'service:', canonical: b}",
        "{name: 'service:x', canonical: ''}",
        "{name: 'service:x'}",
        "{name: 'service:x', canonical: [1]}",
        "{name: 'environment:x', canonical: " + "y" * 101 + "}",
    ],
)
def test_what_is_no_alias_names_its_line_and_stores_nothing(entry):
    with pytest.raises(ConfigError):
        apply(f"aliases:\n- {entry}\n")
    assert not Alias.objects.exists()

"""What depends on what is kept in configuration files."""

import pytest

from chronos.models import Dependency
from opsportal.accounts.models import AuditEntry
from opsportal.lib.configfile import export_config
from opsportal.lib.errors import OpsError
from tests.alerts.configuring import apply

pytestmark = pytest.mark.django_db
FILE = "dependencies:\n- name: checkout\n  depends_on:\n  - cart\n  - payments-db\n"


def stored():
    return {(row.service, row.depends_on) for row in Dependency.objects.all()}


def test_a_file_says_what_a_service_depends_on_and_nothing_else():
    apply(FILE)
    assert stored() == {("checkout", "cart"), ("checkout", "payments-db")}
    apply(FILE.replace("  - cart\n", ""))
    assert stored() == {("checkout", "payments-db")}
    assert AuditEntry.objects.filter(target_type="chronos.dependency").count() == 3


def test_what_is_exported_changes_nothing():
    apply(FILE)
    text = export_config()
    assert FILE in text
    apply(text)
    assert AuditEntry.objects.filter(target_type="chronos.dependency").count() == 2


def test_a_service_does_not_depend_on_itself():
    with pytest.raises(OpsError, match="does not depend on itself"):
        apply("dependencies: [{name: checkout, depends_on: [checkout]}]")
    assert stored() == set()

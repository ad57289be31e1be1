"""Trust stores in configuration files."""

import io

import pytest
import yaml
from django.core.management import call_command

from certs.models import TrustStore
from opsportal.lib.confignode import ConfigError
from tests.alerts.configuring import apply
from tests.certs.pki import root

pytestmark = pytest.mark.django_db


def exported() -> list[dict[str, object]]:
    told = io.StringIO()
    call_command("exportconfig", stdout=told)
    return yaml.safe_load(told.getvalue()).get("trust_stores") or []


def test_own_roots_come_from_a_file_and_go_back_into_one():
    pem = root("Ours").pem.decode()
    apply(yaml.safe_dump({"trust_stores": [{"name": "ours", "pem": pem, "note": "of the firm"}]}))
    assert TrustStore.objects.get(name="ours").roots == 1
    (entry,) = exported()
    assert entry == {"name": "ours", "pem": pem.strip(), "note": "of the firm"}
    apply(yaml.safe_dump({"trust_stores": [entry]}))
    assert exported() == [entry]


def test_one_that_the_portal_brings_can_be_switched_off():
    assert exported() == []
    apply("trust_stores: [{name: system, enabled: false}]")
    (entry,) = exported()
    assert (entry["name"], entry["enabled"]) == ("system", False)


def test_what_is_no_root_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"trust_stores\[0\].pem"):
        apply("trust_stores: [{name: ours, pem: nothing}]")
    assert not TrustStore.objects.filter(name="ours").exists()

"""Mappings are saved and removed with a trail, by pages and files alike."""

import pytest
import yaml

from alerts.change import delete_mapping, keys_of, save_mapping
from alerts.formats.mapping import FIELDS
from alerts.mapping_form import MappingForm
from alerts.models import MappedKey, Mapping
from chronos.models import ChangeEvent
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import AuditEntry
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.errors import PayloadError
from opsportal.lib.registry import plugins
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import JO, NOW
from tests.alerts.mapping import make_mapping

pytestmark = pytest.mark.django_db


def draft(**values):
    return Mapping(**{"name": "kuma", "fields": {"name": "/name"}} | values)


def save(mapping, keys=None):
    return save_mapping(mapping, keys, actor=JO, now=NOW)


def trail():
    return [
        (entry.action, entry.before, entry.after)
        for entry in AuditEntry.objects.filter(target_type="alerts.mapping").order_by("id")
    ]


def test_a_mapping_is_saved_changed_and_removed_with_a_trail():
    key = make_key("alerts:write")[0]
    mapping = draft()
    assert save(mapping, [key])
    assert keys_of(mapping) == [key]
    mapping.alerts = "/alerts"
    assert save(mapping)
    assert keys_of(mapping) == [key]
    delete_mapping(mapping, actor=JO, now=NOW)
    assert not MappedKey.objects.exists()
    (_, _, made), (_, before, after), (_, gone, _) = trail()
    assert (made["keys"], made["fields"]) == ([key.prefix], {"name": "/name"})
    assert (before["alerts"], after["alerts"], gone["alerts"]) == ("", "/alerts", "/alerts")
    kinds = [change.what for change in ChangeEvent.objects.order_by("id")]
    assert kinds == ["mapping.created", "mapping.changed", "mapping.deleted"]


def test_the_same_again_is_no_change():
    key = make_key("alerts:write")[0]
    save(draft(statuses={"up": "resolved"}), [key])
    assert not save(Mapping.objects.get(), [key])
    assert len(trail()) == 1


def test_a_key_has_one_mapping():
    key = make_key("alerts:write", name="kuma")[0]
    make_mapping(key, name="first")
    with pytest.raises(PayloadError, match="has the mapping first already"):
        save(draft(name="second"), [key])
    assert not Mapping.objects.filter(name="second").exists()


def test_a_team_s_mapping_reads_its_own_keys():
    team = make_team("payments")
    mine, others = make_key("alerts:write", team=team)[0], make_key("alerts:write")[0]
    assert save(draft(team=team), [mine])
    with pytest.raises(PayloadError, match="not a key of the team payments"):
        save(draft(name="other", team=team), [others])
    assert save(draft(name="all"), [others])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"fields": {"name": "a ]"}}, "fields.name"),
        ({"condition": "a ]"}, "condition"),
        ({"alerts": "x" * 501}, "alerts"),
        ({"labels": {"host": "nofunc(a)"}}, "labels.host"),
        ({"statuses": {"up": "well"}}, "statuses.up"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(values, field):
    with pytest.raises(PayloadError) as caught:
        save(draft(**values))
    assert field in {error.field for error in caught.value.errors}
    assert not Mapping.objects.exists()


def apply(text, **options):
    return apply_config(text.encode(), deed=Deed(JO, NOW), mask=mask_secret, **options)


FILE = """\
teams: [{{name: payments}}]
mappings:
- name: kuma
  keys: [{prefix}]
  condition: type == 'alert'
  alerts: /alerts
  fields:
    name: "'SiteDown'"
    dedup_key: /id
    severity: "'high'"
  labels: {{host: /host}}
  statuses: {{"*": ignore, "0": firing}}
  severities: {{urgent: critical}}
  team: payments
"""


def test_a_file_makes_a_mapping_and_its_export_is_the_same():
    team = make_team("payments")
    key = make_key("alerts:write", team=team)[0]
    text = FILE.format(prefix=key.prefix)
    apply(text)
    assert keys_of(Mapping.objects.get()) == [key]
    assert apply(text).difference == ""
    exported = yaml.safe_load(export_config())["mappings"]
    assert exported == yaml.safe_load(text)["mappings"]
    assert list(exported[0]["fields"]) == ["name", "dedup_key", "severity"]
    apply("mappings: [{name: kuma, keys: [], labels: null, condition: null, team: null}]")
    mapping = Mapping.objects.get()
    assert (keys_of(mapping), mapping.labels, mapping.condition) == ([], {}, "")
    assert (mapping.team, mapping.alerts) == (None, "/alerts")
    apply("mappings: []", prune=True)
    assert not Mapping.objects.exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("fields: {name: 'a ]'}", "mappings[0].fields.name: column 3: unexpected ']'"),
        ("keys: [nonsense]", 'mappings[0].keys[0]: no key "nonsense"; make it first'),
        ("fields: {name: x, colour: y}", "mappings[0].fields.colour: unknown"),
        ("fields: {name: 7}", "mappings[0].fields.name: write a text here"),
        ("fields: {name: x}, statuses: {up: fine}", "mappings[0].statuses.up: 'fine' is none of"),
        ("team: nobody", 'mappings[0].team: no team "nobody"'),
        ("colour: red", "mappings[0].colour: unknown"),
    ],
)
def test_a_complaint_about_a_file_says_where(entry, message):
    with pytest.raises(ConfigError) as caught:
        apply(f"mappings: [{{name: x, {entry}}}]")
    assert message in caught.value.message
    assert not Mapping.objects.exists()


def test_what_the_page_can_set_a_file_can_set():
    keys = set(plugins("CONFIG_SECTIONS")["mappings"].keys)
    assert keys == {*MappingForm.Meta.fields, "keys", "fields"}
    assert {f"field_{name}" for name in FIELDS} <= set(MappingForm.base_fields)

"""Freezes are saved with a trail, refused where they are wrong, and kept in files."""

from datetime import timedelta

import pytest

from chronos.change import delete_freeze, save_freeze
from chronos.models import ChangeEvent, Freeze
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_person, make_team
from tests.chronos.freezing import NOW, draft, later, make_freeze

pytestmark = pytest.mark.django_db
JO = Actor("jo", None, None)
FILE = b"""
freezes:
- name: weekend
  reason: nobody is here
  match: environment="prod"
  starts_at: "2026-01-02T16:00:00+01:00"
  recurrence: FREQ=WEEKLY;BYDAY=FR
  duration: 2d
  zone: Europe/Berlin
  exceptions:
  - {from: 2026-02-06T20:00:00Z, until: "2026-02-06T21:00:00Z", reason: the move}
  exempt_services: [status-page]
"""


def apply(content: bytes, **options):
    return apply_config(content, deed=Deed(JO, NOW), mask=lambda _: "", **options)


def when(start, end, **more):
    return [{"from": start, "until": end, **more}]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"match": "environment"}, "match"),
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": later(hours=-2)}, "ends_at"),
        ({"kinds": []}, "kinds"),
        ({"kinds": "deployment"}, "kinds"),
        ({"kinds": ["x" * 51]}, "kinds"),
        ({"exempt_services": [3]}, "exempt_services"),
        ({"exempt_actors": ["a\0"]}, "exempt_actors"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"recurrence": "FREQ=HOURLY", "duration": timedelta(hours=1)}, "recurrence"),
        ({"recurrence": "FREQ=DAILY"}, "duration"),
        ({"recurrence": "FREQ=DAILY", "duration": timedelta(days=40)}, "recurrence"),
        ({"exceptions": "x"}, "exceptions"),
        ({"exceptions": [{}]}, "exceptions"),
        ({"exceptions": when("2026-01-01T00:00:00", "2026-01-02T00:00:00Z")}, "exceptions"),
        ({"exceptions": when("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")}, "exceptions"),
        ({"exceptions": when(1, 2)}, "exceptions"),
        (
            {"exceptions": when("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", reason=[])},
            "exceptions",
        ),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(values, field):
    with pytest.raises(PayloadError) as caught:
        save_freeze(draft(**values), actor=JO, now=NOW)
    assert field in [error.field for error in caught.value.errors]
    assert not Freeze.objects.exists()


def test_it_leaves_a_trail_and_is_on_the_timeline_and_only_what_matters_makes_it_new():
    freeze = draft(team=make_team("payments"))
    assert save_freeze(freeze, actor=JO, now=NOW)
    assert not save_freeze(freeze, actor=JO, now=later(hours=1))
    freeze.reason = "still closed"
    assert save_freeze(freeze, actor=JO, now=later(hours=2))
    assert freeze.known_at == NOW
    freeze.match = 'environment="prod"'
    assert save_freeze(freeze, actor=JO, now=later(hours=3))
    assert freeze.known_at == later(hours=3)
    delete_freeze(freeze, actor=JO, now=later(hours=4))
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["create", "change", "change", "delete"]
    newest = ChangeEvent.objects.first()
    assert (newest.kind, newest.action, newest.team) == ("freeze", "deleted", "payments")


def test_a_file_says_all_of_it_and_what_is_exported_changes_nothing():
    assert "+- name: weekend" in apply(FILE).difference
    freeze = Freeze.objects.get()
    assert freeze.exception_times[0][2] == "the move"
    assert freeze.exempt_services == ["status-page"]
    assert apply(export_config().encode()).difference == ""
    apply(b"freezes: []", prune=True)
    assert not Freeze.objects.exists()


def test_a_file_that_is_wrong_says_where():
    with pytest.raises(ConfigError, match=r"freezes\[0\].*recurrence"):
        apply(FILE.replace(b"FREQ=WEEKLY", b"FREQ=SECONDLY"))
    with pytest.raises(ConfigError, match=r"exceptions\[0\]"):
        apply(FILE.replace(b", until:", b", unto:"))


FORM = {
    "name": "weekend", "reason": "nobody is here", "match": 'environment="prod"',
    "kinds": "deployment, release", "starts_at": "2026-01-02 15:00", "ends_at": "",
    "recurrence": "FREQ=WEEKLY;BYDAY=FR", "duration": "2d", "zone": "Europe/Berlin",
    "exceptions": "2026-12-24T10:00/2026-12-24T12:00 the hotfix", "exempt_services": "status-page",
    "exempt_actors": "", "team": "", "enabled": "on",
}  # fmt: skip


def test_a_person_makes_one_in_the_admin_and_changes_it(client):
    client.force_login(make_person("administrator"))
    answer = client.post("/admin/chronos/freeze/add/", FORM)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    freeze = Freeze.objects.get()
    assert freeze.exceptions == [
        {
            "from": "2026-12-24T09:00:00.000000Z",
            "until": "2026-12-24T11:00:00.000000Z",
            "reason": "the hotfix",
        }
    ]
    page = client.get(f"/admin/chronos/freeze/{freeze.pk}/change/").content.decode()
    assert "2026-12-24T09:00:00.000000Z/2026-12-24T11:00:00.000000Z the hotfix" in page
    client.post(f"/admin/chronos/freeze/{freeze.pk}/change/", FORM | {"exceptions": ""})
    freeze.refresh_from_db()
    assert freeze.exceptions == []
    assert AuditEntry.objects.filter(target_type="chronos.freeze").count() == 2


@pytest.mark.parametrize(
    "values",
    [
        {"exceptions": "tomorrow"},
        {"exceptions": "2026-12-24T10:00"},
        {"exceptions": "2026-12-24T12:00/2026-12-24T10:00"},
        {"exceptions": "1/2/3\n\0"},
        {"starts_at": "soon"},
        {"recurrence": "x"},
        {"kinds": ","},
    ],
)
def test_the_form_complains_instead_of_failing(client, values):
    client.force_login(make_person("administrator"))
    answer = client.post("/admin/chronos/freeze/add/", FORM | values)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not Freeze.objects.exists()


def test_a_team_s_admin_edits_the_team_s_and_no_other(client):
    payments = make_team("payments")
    client.force_login(make_person("team_admin", payments))
    mine, theirs = make_freeze(team=payments), make_freeze(name="all")
    assert client.post("/admin/chronos/freeze/add/", FORM).status_code == 200
    made = client.post("/admin/chronos/freeze/add/", FORM | {"team": payments.pk})
    assert made.status_code == 302
    url = "/admin/chronos/freeze/{}/change/"
    changed = client.post(url.format(mine.pk), FORM | {"team": payments.pk, "name": "q"})
    assert changed.status_code == 302
    assert client.post(url.format(theirs.pk), FORM | {"name": "q2"}).status_code == 403

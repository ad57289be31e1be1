"""Rows that are read and changed many at a time are what Django's own ways would give."""

from datetime import timedelta

import pytest

from certs.models import Certificate, Finding
from opsportal.accounts.models import Team
from opsportal.lib.rows import read_rows
from opsportal.lib.update import update_columns
from tests.certs.making import make_certificate
from tests.certs.pki import NOW, root

pytestmark = pytest.mark.django_db


def test_read_rows_are_models_and_the_rest_is_asked_for(django_assert_num_queries):
    made = make_certificate(root().issue("a.test"))
    with django_assert_num_queries(1):
        (row,) = read_rows(Certificate.objects.all(), ("id", "title", "team_id", "not_after"))
        assert (row, row.title, row.not_after) == (made, made.title, made.not_after)
        assert row.team_id is None
        assert row.team is None
    with django_assert_num_queries(1):
        assert row.sha256 == made.sha256
    row.title = "b.test"
    row.save(update_fields=["title"])
    assert Certificate.objects.get().title == "b.test"


def test_columns_of_every_type_are_set_in_one_statement(django_assert_num_queries):
    certificate = make_certificate(root().issue("a.test"))
    team = Team.objects.create(name="web")
    rows = [
        Finding.objects.create(
            kind=kind, certificate=certificate, fingerprint=kind, summary="old", opened_at=NOW,
            severity_at=NOW, judged_at=NOW, closed_at=NOW,
        )
        for kind in ("weak_key", "expiring")
    ]  # fmt: skip
    later = NOW + timedelta(days=1, microseconds=5)
    odd = {"quote": 'a"b\\', "list": [1, None, "é"], "nested": {"yes": True}}
    with django_assert_num_queries(1):
        update_columns(
            Finding,
            ("summary", "facts", "judged_at", "closed_at", "to_tell", "certificate_id"),
            {
                rows[0].pk: ("it's {new}", odd, later, None, True, None),
                rows[1].pk: ("other", {}, NOW, later, False, certificate.pk),
            },
        )
    first, second = Finding.objects.order_by("pk")
    assert (first.summary, first.facts, first.judged_at) == ("it's {new}", odd, later)
    assert (first.closed_at, first.to_tell, first.certificate_id) == (None, True, None)
    assert (second.summary, second.facts, second.closed_at) == ("other", {}, later)
    assert Finding.objects.filter(to_tell=True, judged_at=later).get() == first
    update_columns(Certificate, ("team_id",), {certificate.pk: (team.pk,)})
    assert Certificate.objects.get().team == team

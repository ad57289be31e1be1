"""Old rows go in batches, and no run is endless."""

import pytest

from opsportal.accounts.models import Team
from opsportal.lib import retention
from opsportal.lib.retention import delete_in_batches


@pytest.mark.django_db
def test_a_run_deletes_the_first_by_the_column_and_leaves_the_rest_to_the_next(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    for number in range(6):
        Team.objects.create(name=f"old {number}")
    Team.objects.create(name="young")
    old = Team.objects.filter(name__startswith="old")
    assert delete_in_batches(old, order_by="name") == 4
    assert list(Team.objects.values_list("name", flat=True)) == ["old 4", "old 5", "young"]
    assert delete_in_batches(old, order_by="name") == 2
    assert delete_in_batches(old, order_by="name") == 0

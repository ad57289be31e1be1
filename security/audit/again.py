"""Alerts that are said anew."""

from collections.abc import Sequence

from opsportal.lib.ids import IdIn
from security.models import Finding


def tell_again(revisions: Sequence[int]) -> None:
    """Have the alerts of what these revisions introduced said anew: their cause became known."""
    rows = Finding.objects.filter(IdIn(revisions, "introduced_by_id"))
    rows.exclude(status__in=[Finding.Status.FIXED, Finding.Status.ACCEPTED]).update(to_tell=True)

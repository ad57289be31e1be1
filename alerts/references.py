"""What a question about changes means by "alert 42"; named in settings.REFERENCES."""

from collections.abc import Sequence
from datetime import datetime

from alerts.models import Alert
from chronos.ask import Occurrence, Reference


class AlertReference:
    """An episode, by its number; without one, the newest of the place."""

    slug = "alert"

    def find(self, reference: Reference, *, now: datetime) -> Sequence[Occurrence]:
        """When and where it was, with one query."""
        found = Alert.objects.order_by("-id")
        if reference.id:
            if not (reference.id.isascii() and reference.id.isdigit() and len(reference.id) < 19):
                return ()
            found = found.filter(pk=int(reference.id))
        for name in ("service", "environment"):
            if value := getattr(reference, name):
                found = found.filter(**{name: value})
        return [
            Occurrence(
                alert.starts_at,
                alert.resolved_at,
                str(alert),
                alert.get_absolute_url(),
                alert.service,
                alert.environment,
                alert.region,
            )
            for alert in found[:1]
        ]

"""Documents to be shown: as they stand, with what happened to their episodes."""

from collections.abc import Sequence

from django.db.models import F

from alerts.alerta.follow import FOLLOWED, Row, show_followed
from alerts.alerta.search import Documents
from alerts.models import AlertaAlert, Transition
from opsportal.lib.errors import PayloadError

History = Sequence[tuple[AlertaAlert, Row]]
# Documents that a page of history is put together of.
MOST_READ = 1000
_HEAVY = tuple(
    f"episode__{name}"
    for name in ("raw", "labels", "annotations", "links", "description", "summary")
)


def shown(
    rows: Documents, page: slice, *, history: bool = False, raw: bool = False
) -> list[AlertaAlert]:
    """A page of documents; what is not asked for is not read."""
    left_out = ["notes"]
    if not history:
        left_out.append("history")
    if not raw:
        left_out.append("raw_data")
    documents = list(rows.select_related("episode").defer(*_HEAVY, *left_out)[page])
    show_followed(documents, history=history)
    return documents


def read_history(rows: Documents, page: slice) -> History:
    """What changed, the latest first: of documents themselves, and of their episodes since."""
    most = page.stop
    if most > MOST_READ:
        raise PayloadError(f"no further back than {MOST_READ} rows")
    changed = set(rows.order_by("-changed_at").values_list("pk", flat=True)[:most])
    unknown = Transition.objects.filter(
        kind__in=FOLLOWED,
        pk__gt=F("alert__alerta_documents__followed"),
        alert__alerta_documents__in=rows.order_by().values("pk"),
    )
    found = unknown.order_by("-pk").values_list("alert__alerta_documents", flat=True)
    changed.update(found[:most])
    whole = rows.filter(pk__in=changed).order_by("pk")
    documents = shown(whole, slice(None), history=True)
    events = [(document, row) for document in documents for row in document.history]
    events.sort(key=lambda event: str(event[1]["updateTime"]), reverse=True)
    return events[page]

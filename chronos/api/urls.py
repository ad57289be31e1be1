"""Where the timeline's API answers, below `/api/v1/`."""

from django.urls import path

from chronos.api.ask import Ask
from chronos.api.coverage import AliasList, Coverage
from chronos.api.dora import Dora
from chronos.api.freezes import CheckFreezes, FreezeList
from chronos.api.read import ChangeDetail, ChangeExport, ChangeList, ChangeNews
from chronos.api.state import State, StateDiff, StateHistory
from chronos.api.suspects import SuspectList
from chronos.api.write import ChangeByKey

api_urlpatterns = [
    path("events", ChangeList.as_view(), name="api-events"),
    path("events.csv", ChangeExport.as_view(), {"form": "csv"}, name="api-events-csv"),
    path("events.jsonl", ChangeExport.as_view(), {"form": "jsonl"}, name="api-events-jsonl"),
    path("events/stream", ChangeNews.as_view(), name="api-events-stream"),
    path("events/<str:event_id>", ChangeDetail.as_view(), name="api-event"),
    path("events/<str:source>/<path:external_id>", ChangeByKey.as_view(), name="api-event-key"),
    path("ask", Ask.as_view(), name="api-ask"),
    path("dora", Dora.as_view(), name="api-dora"),
    path("state", State.as_view(), name="api-state"),
    path("state/diff", StateDiff.as_view(), name="api-state-diff"),
    path("state/history", StateHistory.as_view(), name="api-state-history"),
    path("aliases", AliasList.as_view(), name="api-aliases"),
    path("coverage", Coverage.as_view(), name="api-coverage"),
    path("freezes", FreezeList.as_view(), name="api-freezes"),
    path("freezes/check", CheckFreezes.as_view(), name="api-freezes-check"),
    path("suspects", SuspectList.as_view(), name="api-suspects"),
]

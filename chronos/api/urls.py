"""Where the timeline's API answers, below `/api/v1/`."""

from django.urls import path

from chronos.api.dora import Dora
from chronos.api.state import State, StateDiff, StateHistory
from chronos.api.suspects import SuspectList

api_urlpatterns = [
    path("dora", Dora.as_view(), name="api-dora"),
    path("state", State.as_view(), name="api-state"),
    path("state/diff", StateDiff.as_view(), name="api-state-diff"),
    path("state/history", StateHistory.as_view(), name="api-state-history"),
    path("suspects", SuspectList.as_view(), name="api-suspects"),
]

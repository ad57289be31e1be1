"""Where the timeline's API answers, below `/api/v1/`."""

from django.urls import path

from chronos.api.suspects import SuspectList

api_urlpatterns = [
    path("suspects", SuspectList.as_view(), name="api-suspects"),
]

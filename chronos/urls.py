"""Where the timeline answers: pages and its REST API."""

from django.urls import URLPattern, path

from chronos.api.urls import api_urlpatterns
from chronos.views.dora import show_dora
from chronos.views.running import show_diff, show_history, show_running

urlpatterns: list[URLPattern] = [
    path("changes/running/", show_running, name="running"),
    path("changes/running/diff/", show_diff, name="running-diff"),
    path("changes/running/history/", show_history, name="running-history"),
    path("changes/dora/", show_dora, name="dora"),
]

__all__ = ["api_urlpatterns", "urlpatterns"]

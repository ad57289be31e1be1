"""Where the timeline answers: pages, its API, and what foreign contracts ask beside posting."""

from django.urls import URLPattern, path

from chronos.api.annotations import AnnotationDetail, AnnotationTags
from chronos.api.foreign import foreign_urlpatterns
from chronos.api.urls import api_urlpatterns
from chronos.views.change import show_change
from chronos.views.coverage import alias, coverage
from chronos.views.dora import show_dora
from chronos.views.freezes import show_freezes
from chronos.views.running import show_diff, show_history, show_running
from chronos.views.timeline import timeline

urlpatterns: list[URLPattern] = [
    path("changes/", timeline, name="changes"),
    path("changes/freezes/", show_freezes, name="freezes"),
    path("changes/<int:event_id>/", show_change, name="change"),
    *(
        route
        for prefix in ("api/annotations", "grafana/api/annotations")
        for route in (
            path(f"{prefix}/tags", AnnotationTags.as_view()),
            path(f"{prefix}/<int:annotation_id>", AnnotationDetail.as_view()),
        )
    ),
    *foreign_urlpatterns,
    path("changes/running/", show_running, name="running"),
    path("changes/running/diff/", show_diff, name="running-diff"),
    path("changes/running/history/", show_history, name="running-history"),
    path("changes/dora/", show_dora, name="dora"),
    path("changes/coverage/", coverage, name="coverage"),
    path("changes/coverage/aliases/", alias, name="alias"),
]

__all__ = ["api_urlpatterns", "urlpatterns"]

"""Where the timeline answers: pages and its REST API."""

from django.urls import URLPattern, path

from chronos.api.annotations import AnnotationDetail, AnnotationTags
from chronos.api.urls import api_urlpatterns

urlpatterns: list[URLPattern] = [
    route
    for prefix in ("api/annotations", "grafana/api/annotations")
    for route in (
        path(f"{prefix}/tags", AnnotationTags.as_view()),
        path(f"{prefix}/<int:annotation_id>", AnnotationDetail.as_view()),
    )
]

__all__ = ["api_urlpatterns", "urlpatterns"]

"""Where the API of configurations and their history answers, below `/api/v1/security/`."""

from django.urls import URLPattern, path

from security.api import history as views
from security.api.history_export import ResourceExport, RevisionExport

history_urlpatterns: list[URLPattern] = [
    path("resources", views.ResourceList.as_view(), name="api-security-resources"),
    path("resources.csv", ResourceExport.as_view(), {"form": "csv"}),
    path("resources.jsonl", ResourceExport.as_view(), {"form": "jsonl"}),
    path("resources/<str:resource_id>", views.ResourceDetail.as_view()),
    path("resources/<str:resource_id>/revisions", views.ResourceRevisions.as_view()),
    path("resources/<str:resource_id>/comments", views.ResourceComments.as_view()),
    path("revisions", views.RevisionList.as_view(), name="api-security-revisions"),
    path("revisions.csv", RevisionExport.as_view(), {"form": "csv"}),
    path("revisions.jsonl", RevisionExport.as_view(), {"form": "jsonl"}),
    path("revisions/<str:revision_id>", views.RevisionDetail.as_view()),
    path("reviews", views.ReviewList.as_view()),
    path("diff", views.Comparison.as_view()),
    path("addresses", views.AddressList.as_view()),
]

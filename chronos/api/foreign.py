"""Where the timeline answers to clients of other contracts, beside the doors of its formats."""

from django.urls import URLPattern, path

from chronos.api.datadog import ValidateView
from chronos.api.sentry import PreviousRelease, Releases, Repositories, Root

_ORGANIZATION = "api/0/organizations/<str:org>/"

foreign_urlpatterns: list[URLPattern] = [
    path("datadog/api/v1/validate", ValidateView.as_view()),
    *(
        route
        for prefix in ("", "sentry/")
        for route in (
            path(f"{prefix}api/0/", Root.as_view()),
            path(f"{prefix}{_ORGANIZATION}repos/", Repositories.as_view()),
            path(
                f"{prefix}{_ORGANIZATION}releases/<str:version>/previous-with-commits/",
                PreviousRelease.as_view(),
            ),
            path(f"{prefix}api/0/projects/<str:org>/<str:project>/releases/", Releases.as_view()),
        )
    ),
]

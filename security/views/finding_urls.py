"""Where the pages of findings are."""

from django.urls import URLPattern, path

from security.views.acceptances import approve, end, show_acceptances
from security.views.accepting import accept
from security.views.checks import show_checks
from security.views.finding import show_finding
from security.views.findings import show_findings

finding_urlpatterns: list[URLPattern] = [
    path("security/findings/", show_findings, name="security-findings"),
    path("security/findings/accept/", accept, name="security-accept"),
    path("security/findings/<int:finding_id>/", show_finding, name="security-finding"),
    path("security/checks/", show_checks, name="security-checks"),
    path("security/acceptances/", show_acceptances, name="security-acceptances"),
    path("security/acceptances/<int:acceptance_id>/approve/", approve, name="security-approve"),
    path("security/acceptances/<int:acceptance_id>/end/", end, name="security-end-acceptance"),
]

"""Checks: what each looks for and how much of it there is, and the controls that they answer."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from opsportal.accounts.pages import portal_page, render_page
from security.checks import check_standings, compliance_standings


@portal_page
@require_safe
def show_checks(request: HttpRequest) -> HttpResponse:
    """All checks; with `by=control`, by the controls of standards."""
    checks = check_standings()
    controls = request.GET.get("by") == "control"
    context = {
        "title": "Checks",
        "checks": checks,
        "controls": compliance_standings(checks) if controls else [],
        "by_control": controls,
        "may_override": request.user.has_perm("security.add_checkoverride"),
    }
    return render_page(request, "security/checks.html", context)

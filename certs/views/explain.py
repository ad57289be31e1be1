"""Why somebody was, or was not, told of a certificate."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from certs.explain import explain_certificate
from certs.models import Certificate
from certs.wording import visible
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def show_explanation(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """The page."""
    rows = Certificate.objects.select_related("team", "replaced_by")
    row = get_object_or_404(rows.defer("der", "replaced_by__der"), pk=certificate_id)
    context = {
        "title": f"Told of {visible(row)}",
        "row": row,
        "explanation": explain_certificate(row, now=utc_now()),
    }
    return render_page(request, "certs/explain.html", context)

"""Handing certificates in, with what was found at once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from certs.upload import Upload, Uploaded, upload_certificates
from certs.x509.containers import FORMATS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import (
    can_respond,
    is_administrator,
    request_can_silence,
    responding_teams,
)
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import utc_now

_MOST_FILES = 20
_TEXTS = ("label", "locator", "environment")
Outcome = tuple[str, Uploaded | None, str]


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """The form; and after it each file with its certificates, or why there are none."""
    if not can_respond(request.user, None):
        raise PermissionDenied("Responders and admins of a team hand in certificates.")
    # Before anything of the body is looked at: files of any size would lie on the disk.
    large = int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_BODY_BYTES
    if large:
        given: Any = {}
        outcomes: list[Outcome] = [
            ("", None, f"At most {settings.MAX_BODY_BYTES} bytes are taken at once.")
        ]
    else:
        given = request.POST
        outcomes = list(_outcomes(request)) if request.method == "POST" else []
    context = {
        "title": "Hand in certificates",
        "given": given,
        "teams": _teams(request),
        "formats": FORMATS,
        "outcomes": outcomes,
    }
    failed = bool(outcomes) and not any(uploaded for _, uploaded, _ in outcomes)
    status = (413 if large else 400) if failed else 200
    return render_page(request, "certs/upload.html", context, status=status)


def _teams(request: HttpRequest) -> list[Team]:
    """Those for whom the person may say that something is theirs."""
    teams = Team.objects.order_by("name")
    if not is_administrator(request.user):
        teams = teams.filter(pk__in=responding_teams(request.user))
    return list(teams)


def _outcomes(request: HttpRequest) -> Iterator[Outcome]:
    files = [(str(each.name or ""), each) for each in request.FILES.getlist("file")]
    pasted = request.POST.get("pasted", "").strip()
    if len(files) > _MOST_FILES:
        yield "", None, f"At most {_MOST_FILES} files are taken at once."
        return
    if not files and not pasted:
        yield "", None, "Choose a file, or paste PEM."
        return
    if pasted:
        yield _outcome(request, "", pasted.encode("utf-8", "replace"))
    for name, file in files:
        yield _outcome(request, name, file.read())


def _outcome(request: HttpRequest, name: str, data: bytes) -> Outcome:
    try:
        said = {field: request.POST.get(field, "").strip() for field in _TEXTS}
        password = request.POST.get("password", "")
        uploaded = upload_certificates(
            Upload(
                data,
                name,
                (password,) if password else (),
                team=_team(request),
                speaks_for=partial(request_can_silence, request),
                **said,
            ),
            actor=actor_of(request),
            now=utc_now(),
        )
    except OpsError as error:
        return name, None, error.message
    return name, uploaded, ""


def _team(request: HttpRequest) -> Team | None:
    text = request.POST.get("team", "")
    if not text:
        return None
    found = next((team for team in _teams(request) if str(team.pk) == text), None)
    if found is None:
        raise PayloadError("You may speak for your own teams only.", [FieldError("team", "")])
    return found

"""The wall: what expires next, and what is wrong."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.chart import Pair, draw_pairs
from certs.overview import COUNT_CAP, NEXT, Week, survey_certificates
from certs.search.query import NONE
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_live
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def show_wall(request: HttpRequest) -> HttpResponse:
    """The wall; with `owner` that of one team."""
    owner = request.GET.get("owner", "").strip()
    teams = list(Team.objects.values_list("name", flat=True)[:200])
    known = owner in (*teams, NONE) or not owner
    wall = survey_certificates(utc_now(), owner if known else "")
    context = {
        "title": "Certificates",
        "wall": wall,
        "chart": draw_pairs(_pairs(wall.weeks)),
        "owner": owner if known else "",
        "teams": teams,
        "cap": COUNT_CAP,
        "counted": NEXT,
    }
    status = 200 if known else 404
    return render_live(request, "certs/wall.html", "certs/wall_live.html", context, status)


def _pairs(weeks: Sequence[Week]) -> list[Pair]:
    """Of each week: in use, and of these served."""
    return [
        Pair(
            week.in_use,
            week.served,
            f"{week.start:%d %b}".lstrip("0"),
            f"7 days from {week.start:%Y-%m-%d}: {week.in_use:,} expire, "
            f"{week.served:,} of them served",
        )
        for week in weeks
    ]

"""What changed: the feed, and what many of it are said to be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks
from opsportal.lib.params import last, params_of
from opsportal.lib.times import utc_now
from security.collectors import collectors
from security.history import changes_matching, read_feed
from security.history.feed import NAMES, FeedQuery
from security.models import CloudAccount
from security.normalise import CLASSES
from security.review import MOST_AT_ONCE, review_revisions
from security.views.access import require_responder
from security.views.pages import Rows, newest_first

PATH = "/security/"
_PAGE = 100
_AGES = (("1h", "1 h"), ("24h", "1 day"), ("7d", "7 days"), ("30d", "30 days"))


@portal_page
@require_safe
def show_feed(request: HttpRequest) -> HttpResponse:
    """The revisions, newest first, by day."""
    now = utc_now()
    params = params_of(request, (*NAMES, "after"))
    context: dict[str, Any] = {"title": "Configuration changes", "ages": _AGES}
    query, page, status = FeedQuery(), Rows(), 200
    try:
        query = read_feed(params, now=now)
        page = newest_first(changes_matching(query), last(params, "after"), _PAGE)
    except PayloadError as error:
        context["errors"], status = error.errors, error.status
    carried = {name: values for name, values in params.items() if name != "after"}
    context |= {
        "params": carried,
        "first": {name: last(params, name) for name in NAMES},
        "query": query,
        "page": page,
        "labels": {slug: found.noun for slug, found in collectors().items()},
        "facets": _facets(carried),
        "filtered": bool(carried),
        "may_act": can_respond(request.user, None),
        "here": request.get_full_path(),
    }
    return render_page(request, "security/feed.html", context, status=status)


def _facets(params: Mapping[str, Sequence[str]]) -> list[FacetGroup]:
    """What to narrow by: not counted, since counting reads all there is."""
    links = FacetLinks(PATH, params)
    names = dict(
        CloudAccount.objects.filter(kind="managed").values_list("account_id", "name")[:200]
    )
    labels = {slug: found.label for slug, found in collectors().items()}
    groups = (
        ("change_class", "Class", {name: name for name in CLASSES}),
        ("attribution", "Cause", _CAUSES),
        ("reviewed", "Reviewed", {"no": "not yet", "yes": "reviewed"}),
        ("score", "Score", {"worse": "got worse", "better": "got better"}),
        ("technology", "Technology", labels),
        ("account", "Account", names),
    )
    return [
        links.group(
            name,
            [(value, None) for value in {**words, **dict.fromkeys(params.get(name, ()))}],
            params.get(name, ()),
            title=title,
            label=lambda value, words=words: words.get(value) or value,  # type: ignore[misc]
        )
        for name, title, words in groups
        if words
    ]


_CAUSES = {
    "none": "no event announced it", "exact": "known", "likely": "likely", "window": "by time only",
    "pending": "still looked for", "baseline": "was there before",
}  # fmt: skip


@portal_page
@require_POST
def review(request: HttpRequest) -> HttpResponse:
    """Note that somebody looked at these, and go back."""
    require_responder(request)
    now = utc_now()
    try:
        made = _review(request, now)
    except PayloadError as error:
        messages.error(request, error.message)
    else:
        text = f"{made} reviewed." if made else "They were reviewed already."
        messages.success(request, text)
    return HttpResponseRedirect(back_to(request, PATH))


def _review(request: HttpRequest, now: datetime) -> int:
    texts = request.POST.getlist("revision")[: MOST_AT_ONCE + 1]
    ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
    if not ids:
        raise PayloadError("Select at least one change first.")
    note = request.POST.get("note", "")
    return len(review_revisions(ids, note=note, actor=actor_of(request), now=now))


def back_to(request: HttpRequest, otherwise: str) -> str:
    """The page of ours that the form names."""
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, None):
        return back
    return otherwise

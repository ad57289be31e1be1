"""Find findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from certs.kinds import KINDS
from certs.models import Finding
from certs.search.query import NONE
from certs.search.refuse import Params, check_sizes, refused, text_of

FINDING_RELATED = ("certificate__team", "endpoint__team", "source__team")
FINDING_LONG = ("certificate__der", "certificate__details", "certificate__errors")
FINDING_FILTERS = ("state", "kind", "severity", "owner", "about", "certificate", "endpoint")
SEVERITIES = ("critical", "high", "warning", "low", "info")
_STATES = ("open", "closed", "all")
_ABOUT = ("certificate", "endpoint", "source")


@dataclass(frozen=True, slots=True)
class FindingQuery:
    """What is looked for; an empty field asks nothing. Severity "-": noted only."""

    state: str = "open"
    wanted: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_finding_query(params: Params) -> FindingQuery:
    """The query that URL parameters describe; open ones, where nothing is said.

    Raises PayloadError.
    """
    check_sizes(params)
    state = text_of(params, "state") or "open"
    wanted = {n: tuple(params[n]) for n in FINDING_FILTERS if n != "state" and params.get(n)}
    known: Mapping[str, Sequence[str]] = {
        "kind": tuple(KINDS), "severity": (*SEVERITIES, NONE), "about": _ABOUT,
    }  # fmt: skip
    for name, values in (*known.items(), ("state", _STATES)):
        said = (state,) if name == "state" else wanted.get(name, ())
        if unknown := set(said) - set(values):
            raise refused(name, f"{min(unknown)[:40]!r} is none of {', '.join(values)}")
    for name in ("certificate", "endpoint"):
        for text in wanted.get(name, ()):
            if not (text.isascii() and text.isdigit() and len(text) < 19):
                raise refused(name, "the number of one")
    return FindingQuery(state, wanted)


def search_findings(query: FindingQuery) -> QuerySet[Finding]:
    """All that fit, in no order."""
    found = Finding.objects.all()
    if query.state != "all":
        found = found.filter(closed_at__isnull=query.state == "open")
    for name, texts in query.wanted.items():
        found = found.filter(_wanted(name, list(texts)))
    return found


def _wanted(name: str, texts: list[str]) -> Q:
    match name:
        case "kind":
            return Q(kind__in=texts)
        case "severity":
            return Q(severity__in=["" if text == NONE else text for text in texts])
        case "about":
            return _about(texts)
        case "owner":
            return _owned(texts)
    return Q(**{f"{name}_id__in": [int(text) for text in texts]})


def _about(texts: list[str]) -> Q:
    """Of an endpoint's also the certificate is known, which it is not about."""
    found = Q(pk__in=[])
    for text in texts:
        if text == "certificate":
            found |= Q(endpoint=None, source=None)
        else:
            found |= Q(**{f"{text}__isnull": False})
    return found


def _owned(texts: list[str]) -> Q:
    some = [text for text in texts if text != NONE]
    places = ("certificate", "endpoint", "source")
    found = Q(pk__in=[])
    for place in places if some else ():
        found |= Q(**{f"{place}__team__name__in": some})
    if NONE in texts:
        found |= Q(**{f"{place}__team": None for place in places})
    return found

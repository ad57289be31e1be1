"""What matchers see of a certificate: of many names, places and servers, any."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from certs.judge.known import Known, World, above
from certs.models import Certificate
from opsportal.lib.matchers import Matcher, MatcherError, Matchers, parse_matchers
from opsportal.lib.matchers.values import compile_pattern

# Name -> its values; what is absent is the empty text.
Facts = Mapping[str, Sequence[str]]
ABSENT = ("",)
DAY = 86_400
# Of each certificate, beside the labels of its sources and endpoints.
NAMES = (
    "name", "domain", "issuer", "owner", "team", "environment", "service", "source", "kind",
    "path", "namespace", "endpoint", "lifetime_days", "use", "ca", "key_type",
)  # fmt: skip


def facts_of(row: Certificate, known: Known, world: World) -> dict[str, Sequence[str]]:
    """Of a certificate; labels do not hide what the portal knows itself."""
    sources = [world.sources[pk] for pk in sorted(known.source_ids)]
    endpoints = [world.endpoints[pk] for pk in sorted(known.endpoint_ids) if pk in world.endpoints]
    facts: dict[str, list[str]] = {}
    for labels in [each.labels for each in sources] + [each.labels for each in endpoints]:
        if isinstance(labels, dict):
            for name, value in labels.items():
                facts.setdefault(str(name), []).append(str(value))
    team = row.team.name if row.team_id is not None and row.team is not None else ""
    lifetime = max((row.not_after - row.not_before).total_seconds(), 0) / DAY
    return {
        **facts,
        "name": known.names or (row.title,),
        "domain": sorted({each for name in known.names for each in above(name)}),
        "issuer": (row.issuer_title, row.issuer),
        "owner": (team,),
        "team": (team,),
        "environment": (row.environment,),
        "service": (row.service,),
        "source": [each.name for each in sources],
        "kind": sorted({*(each.kind for each in sources), *(["tls"] if endpoints else [])}),
        "path": [place.locator for place in known.places],
        "namespace": [
            place.locator.partition("/")[0]
            for place in known.places
            if world.sources[place.source_id].kind == "kubernetes"
        ],
        "endpoint": [str(each) for each in endpoints],
        "lifetime_days": (f"{lifetime:.2f}",),
        "use": (row.use,),
        "ca": ("true" if row.is_ca else "false",),
        "key_type": (row.key_type,),
    }


@lru_cache(maxsize=1024)
def compile_match(text: str) -> Callable[[Facts], bool]:
    """A test for "one of the values does" (`!=` and `!~`: "none does"). Raises MatcherError."""
    tests = [(item.name, _test(item)) for item in parse_matchers(text).items]

    def test(facts: Facts) -> bool:
        return all(holds(facts.get(name) or ABSENT) for name, holds in tests)

    return test


def _test(item: Matcher) -> Callable[[Sequence[str]], bool]:
    """Of all values of one name; equality, which most ask for, at the cost of a look."""
    wanted, positive = item.value, item.op not in ("!=", "!~")
    if item.op in ("=", "!="):
        return lambda values: (wanted in values) is positive
    if item.op in ("=~", "!~"):
        matches = compile_pattern(wanted)
        return lambda values: any(map(matches, values)) is positive
    one = Matchers((item,))
    return lambda values: any(one.matches({item.name: each}) for each in values)


def compile_or_never(text: str) -> Callable[[Facts], bool]:
    """The same of a stored text; one that cannot be read matches nothing."""
    try:
        return compile_match(text)
    except MatcherError:
        return lambda facts: False

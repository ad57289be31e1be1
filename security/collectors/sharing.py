"""With whom snapshots and images are shared: which of them to ask about, and how often.

AWS tells of most kinds with one call for each snapshot. What was said is remembered for about an
hour, each for a span of its own, so that every collection asks about some of them; an event asks
at once. What is shared with nobody is no resource here until it is.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from zlib import crc32

from opsportal.lib.aws import Access, Unknown
from security.collectors import Collector, Link
from security.collectors.arns import resource_of_arn
from security.normalise import Shape

SHARED = "shared_with"
# Seconds, a quarter more or less.
EVERY = 3600.0
_MOST = 100_000
_ANYBODY = "all"

_lock = threading.Lock()
_known: OrderedDict[tuple[str, ...], tuple[float, dict[str, Any]]] = OrderedDict()


class SharedCollector(Collector):
    """Base of the collectors of what may be shared."""

    shape = Shape(
        sets=(f"{SHARED}.accounts", f"{SHARED}.organisations", "snapshots"),
        cosmetic=("description",),
    )

    @classmethod
    def is_kept(cls, config: Mapping[str, Any]) -> bool:
        """Whether it is shared with anybody."""
        return any((config.get(SHARED) or {}).values())

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What it was taken of, and the key."""
        if config.get("source"):
            yield Link("of", config["source"])
        if config.get("kms_key"):
            yield Link("key", resource_of_arn(config["kms_key"]))
        for snapshot in config.get("snapshots") or ():
            yield Link("snapshot", snapshot)


def sharing(values: Iterable[str | None], organisations: Iterable[str] = ()) -> dict[str, Any]:
    """Whom it is shared with: accounts' ids, or "all" for anybody."""
    accounts = [value for value in values if value]
    return {
        "public": _ANYBODY in accounts,
        "accounts": [account for account in accounts if account != _ANYBODY],
        "organisations": list(organisations),
    }


def shared_with(
    access: Access, resource_id: str, ask: Callable[[], Any], *, public: bool | None = None
) -> Any:
    """What `ask` answered within the hour, or answers now; what is unknown is asked again.

    `public`: what a listing just said of it; where that is news it is asked about at once.
    """
    key, now = (access.account_id, access.region, resource_id), time.monotonic()
    with _lock:
        until, known = _known.get(key, (0.0, {}))
    if now < until and public in (None, known["public"]):
        return known
    found = ask()
    if not isinstance(found, Unknown):
        span = EVERY * (0.75 + crc32(resource_id.encode()) % 1000 / 2000)
        with _lock:
            _known[key] = (now + span, found)
            _known.move_to_end(key)
            if len(_known) > _MOST:
                _known.popitem(last=False)
    return found


def forget_sharing(access: Access | None = None, resource_id: str = "") -> None:
    """Ask about that one anew; without one, about all."""
    with _lock:
        if access is None:
            _known.clear()
        else:
            _known.pop((access.account_id, access.region, resource_id), None)

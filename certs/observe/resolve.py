"""Where names lead: all their addresses, and whether that is all of them."""

import queue
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

# Seconds for a name; names that are asked for at once; addresses of a name that are looked at.
LIMIT = 5.0
_AT_ONCE = 64
MOST_ADDRESSES = 32
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
# "There are none", as opposed to "it could not be found out".
_NONE = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses, in order. `complete`: the name has no others, and that is known."""

    addresses: tuple[str, ...] = ()
    complete: bool = False
    # What was wrong; with addresses too, where one family was not answered.
    trouble: str = ""


def is_address(host: str) -> bool:
    """Whether it needs no resolving."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def look_up(host: str, family: int) -> list[str]:
    """The addresses of one family by the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def resolve(host: str) -> Resolved:
    """Ask for both families, since an answer to one says nothing about the other."""
    if is_address(host):
        return Resolved((host,), complete=True)
    found: list[str] = []
    trouble = ""
    for family in _FAMILIES:
        try:
            found += look_up(host, family)
        except socket.gaierror as error:
            if error.errno not in _NONE:
                trouble = f"{host} cannot be resolved: {error.strerror or error}"
        except (OSError, UnicodeError) as error:
            trouble = f"{host} cannot be resolved: {error}"
    addresses = sorted(dict.fromkeys(found))
    if not addresses:
        return Resolved(trouble=trouble or f"{host} does not exist, or has no address")
    if len(addresses) > MOST_ADDRESSES:
        trouble = f"{host} has {len(addresses)} addresses; {MOST_ADDRESSES} are looked at"
    return Resolved(tuple(addresses[:MOST_ADDRESSES]), not trouble, trouble)


def resolve_all(hosts: Iterable[str], *, limit: float = LIMIT) -> Mapping[str, Resolved]:
    """The same for many at once. `limit`: seconds for each, whatever the resolver does."""
    results = {host: resolve(host) for host in dict.fromkeys(hosts) if is_address(host)}
    names = [host for host in dict.fromkeys(hosts) if host not in results]
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answered: queue.SimpleQueue[tuple[str, Resolved]] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)

    def work() -> None:
        while True:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            answered.put((name, resolve(name)))

    # A resolver cannot be interrupted: threads that hang in one are left to its own limit.
    workers = min(_AT_ONCE, len(names))
    for _ in range(workers):
        threading.Thread(target=work, name="resolve", daemon=True).start()
    rounds = -(-len(names) // _AT_ONCE)
    deadline = time.monotonic() + limit * rounds
    for _ in names:
        try:
            name, found = answered.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            break
        results[name] = found
    late = Resolved(trouble=f"the resolver did not answer within {limit:g} s")
    return {host: results.get(host, late) for host in hosts}

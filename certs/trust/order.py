"""What a server sends too much, or in another order than RFC 8446 (4.4.2) wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate of a chain; its names as digests."""

    sha256: str
    title: str
    subject_key: str
    issuer_key: str
    self_signed: bool


def disorder_of(chain: Sequence[Link]) -> list[str]:
    """In words, what is wrong with the order; of a chain from the leaf on."""
    said: list[str] = []
    once: list[Link] = []
    for link in chain:
        if link in once:
            said.append(f"{link.title} is sent more than once")
        else:
            once.append(link)
    roots = [link for link in once[1:] if link.self_signed]
    said += [f"the root {link.title} is sent" for link in roots]
    rest = [link for link in once if link not in roots]
    issuers = {link.subject_key for link in rest[1:]}
    needed = {link.issuer_key for link in rest}
    for before, link in pairwise(rest):
        if link.subject_key == before.issuer_key:
            continue
        if link.subject_key not in needed:
            said.append(f"{link.title} issued nothing of it")
        elif before.issuer_key in issuers and not _another_way(before, link, rest):
            said.append(f"{link.title} is not in its place")
    return list(dict.fromkeys(said))


def _another_way(before: Link, link: Link, rest: Sequence[Link]) -> bool:
    """Whether both vouch for the same one: a cross-signed certificate beside the other."""
    return before.subject_key == link.subject_key and rest[0] is not before

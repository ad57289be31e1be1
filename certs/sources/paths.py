"""Which files a pattern means, and that none of them is outside of what may be read."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

# Of one pattern: who has more has named another tree than meant.
MAX_DIRECTORIES = 50_000
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was found, and without links."""

    path: str
    real: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be looked into. `is_base`: all that the pattern means lies in there."""

    path: str
    reason: str
    is_base: bool = False


class Roots:
    """Directories below which files may be read, by their names and without links."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.named = [os.path.normpath(root) for root in roots if root.startswith("/")]
        self.real = [os.path.realpath(root) for root in self.named]

    def complaint(self, pattern: str) -> str:
        """Why this pattern may not be asked; empty: it may."""
        if not self.named:
            return "the operator has named no directory to read (OPSPORTAL_CERTS_FILES)"
        if not pattern.startswith("/"):
            return "a path begins with /"
        if "\0" in pattern or ".." in pattern.split("/"):
            return "a path has no .. and no NUL in it"
        if not any(_is_below(os.path.normpath(pattern), root) for root in self.named):
            return f"only files below {', '.join(self.named)} may be read"
        return ""

    def hold(self, real: str) -> bool:
        """Whether a path without links is inside."""
        return any(_is_below(real, root) for root in self.real)


def matching_files(pattern: str, roots: Roots) -> Iterator[File | Unreadable]:
    """Files of a pattern with *, ?, [...] and **, sorted; hidden ones only where it says so.

    A directory means the files in it.
    """
    if not _WILD & set(pattern) and Path(pattern).is_dir():
        pattern = f"{pattern}/*"
    parts = PurePosixPath(os.path.normpath(pattern)).parts
    if parts[-1] == "**":
        parts = (*parts, "*")
    fixed = next((n for n, part in enumerate(parts) if _WILD & set(part)), len(parts) - 1)
    base = str(PurePosixPath(*parts[:fixed]))
    if roots.hold(os.path.realpath(base)):
        yield from _Walk(roots).descend(base, parts[fixed:])
    else:
        yield Unreadable(base, "leads out of what may be read", is_base=True)


class _Walk:
    """One pattern's way down. Each directory is entered once for each rest of the pattern."""

    def __init__(self, roots: Roots) -> None:
        self.roots = roots
        self.entered: set[tuple[str, int]] = set()

    def descend(self, directory: str, rest: Sequence[str]) -> Iterator[File | Unreadable]:
        """All below the directory that matches the rest of the pattern."""
        stack = [(directory, tuple(rest), True)]
        while stack:
            place, parts, base = stack.pop()
            key = os.path.realpath(place), len(parts)
            if key in self.entered:
                continue
            self.entered.add(key)
            if len(self.entered) > MAX_DIRECTORIES:
                yield Unreadable(place, f"has more than {MAX_DIRECTORIES} directories", True)
                return
            deeper: list[tuple[str, tuple[str, ...], bool]] = []
            yield from self._look(place, parts, base, deeper)
            stack.extend(reversed(deeper))

    def _look(
        self,
        place: str,
        parts: tuple[str, ...],
        is_base: bool,
        deeper: list[tuple[str, tuple[str, ...], bool]],
    ) -> Iterator[File | Unreadable]:
        """One directory: its files that match, and in `deeper` where to go on."""
        head, after = parts[0], parts[1:]
        if head == "**":
            # Nothing in its place: the rest is looked for here as well.
            deeper.append((place, after, is_base))
        try:
            with os.scandir(place) as scanned:
                names = sorted(entry.name for entry in scanned)
        except OSError as error:
            yield Unreadable(f"{place}/", f"cannot be listed: {error.strerror}", is_base)
            return
        for name in names:
            if not _matches(name, head):
                continue
            path = f"{place.rstrip('/')}/{name}"
            real = os.path.realpath(path)
            if not self.roots.hold(real):
                yield Unreadable(path, "is a link that leads out of what may be read")
            elif Path(real).is_dir():
                if head == "**" or after:
                    deeper.append((path, parts if head == "**" else after, False))
            elif not after and head != "**":
                yield File(path, real)


def _matches(name: str, part: str) -> bool:
    if part == "**":
        return not name.startswith(".")
    if name.startswith(".") and not part.startswith("."):
        return False
    return fnmatchcase(name, part)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")

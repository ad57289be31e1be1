"""Files of certificates on the portal's own machine, below directories that its operator names."""

import os
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from certs.normalise import Found, FoundCertificate, FoundTrouble
from certs.sources.paths import File, Roots, Unreadable, matching_files
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from certs.x509.containers import MAX_BYTES, Contents, read_container
from certs.x509.text import visible
from opsportal.lib.errors import FieldError

# Of one run; patterns that match more are meant for something else.
MAX_FILES = 20_000
_MAX_PATTERNS = 200


class CertificateFiles(CertificateSource):
    """PEM, DER, PKCS#7, PKCS#12, JKS and JCEKS, by what is in them."""

    slug = "files"
    label = "Files"
    noun = "file"
    help = "Files and keystores on the portal's machine, such as a mounted volume."
    options = (
        Option(
            "paths", "Paths", kind="lines", required=True,
            help="One each line, such as /etc/ssl/server.pem or /etc/letsencrypt/live/**/*.pem; "
            "only below what OPSPORTAL_CERTS_FILES names.",
        ),
        Option(
            "passwords", "Passwords of keystores", kind="lines", secret=True,
            help="One each line; each is tried at each keystore.",
        ),
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """Every path that may not be read."""
        del secret
        roots = Roots(settings.CERTS_FILES)
        paths = options.get("paths") or ()
        if len(paths) > _MAX_PATTERNS:
            return [FieldError("paths", f"has more than {_MAX_PATTERNS} lines")]
        return [
            FieldError("paths", f"{visible(path[:200])}: {complaint}")
            for path in paths
            if (complaint := roots.complaint(path))
        ]

    def look(self, ask: Ask) -> Iterator[Found]:
        """Each file that is there. Raises SourceError where a directory cannot be looked into."""
        roots = Roots(settings.CERTS_FILES)
        passwords = list(ask.secret.get("passwords") or ())
        missing: list[str] = []
        seen: set[str] = set()
        for pattern in ask.options.get("paths") or ():
            if complaint := roots.complaint(pattern):
                missing.append(f"{visible(pattern)}: {complaint}")
                continue
            for found in matching_files(pattern, roots):
                if isinstance(found, Unreadable):
                    if found.is_base:
                        missing.append(f"{visible(found.path)}: {found.reason}")
                    else:
                        yield FoundTrouble(visible(found.path), found.reason)
                elif found.path not in seen:
                    seen.add(found.path)
                    if len(seen) > MAX_FILES:
                        raise SourceError(f"The paths match more than {MAX_FILES} files.")
                    yield from _read(found, passwords, named=found.path == pattern)
        if missing:
            raise SourceError("; ".join(missing)[:1000])


def _read(file: File, passwords: list[str], *, named: bool) -> Iterator[Found]:
    """What one file has. One that a pattern only happens to match may be anything."""
    shown = visible(file.path)
    try:
        data, written = _bytes_of(file.real)
    except FileNotFoundError:
        return
    except OSError as error:
        yield FoundTrouble(shown, f"cannot be read: {error.strerror}")
        return
    except ValueError as error:
        if named:
            yield FoundTrouble(shown, str(error))
        return
    contents = read_container(data, Path(shown).name, passwords)
    for entry in contents.entries:
        yield FoundCertificate(
            entry.parsed,
            f"{shown}#{entry.alias}" if entry.alias else shown,
            entry.position,
            entry.has_key,
            {"format": contents.format, "written": written.isoformat()},
        )
    if troubles := _troubles(contents, named=named):
        yield FoundTrouble(shown, " ".join(troubles)[:1000])


def _troubles(contents: Contents, *, named: bool) -> tuple[str, ...]:
    if contents.troubles or contents.entries or not named:
        return contents.troubles
    return contents.notes


def _bytes_of(real: str) -> tuple[bytes, datetime]:
    """The bytes, and when they were written. Raises OSError; ValueError for what is no file."""
    # A pipe would wait for a writer, and a link may have been put there since.
    handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        about = os.fstat(opened.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("is no regular file")
        if about.st_size > MAX_BYTES:
            raise ValueError(f"has {about.st_size} bytes, {MAX_BYTES} may be")
        data = opened.read(MAX_BYTES + 1)
    return data, datetime.fromtimestamp(int(about.st_mtime), UTC)

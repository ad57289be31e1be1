"""Certificates that people and keys hand in."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from certs.discover import update_use
from certs.discover.placements import locator_key, store_placements
from certs.discover.stored import Stored
from certs.judge import mark_certificates
from certs.judge.facts import facts_of
from certs.judge.known import load_known, load_world
from certs.models import Certificate, Placement, Source
from certs.normalise import FoundCertificate
from certs.own import load_rules, owner_of
from certs.sources.upload import Uploads
from certs.x509.containers import Contents, Entry, read_container
from certs.x509.text import visible
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.accounts.models import Team
from opsportal.lib.errors import ConflictError, FieldError, ForbiddenError, PayloadError
from opsportal.lib.ids import IdIn

# At once; who has more has a source.
MOST = 1_000
_NAME = "Uploads"
_MOST_CHARACTERS = {"name": 200, "label": 200, "locator": 1_000, "environment": 100}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what is said of it. Passwords are used and forgotten.

    `locator` names a place that has what was last put there; without one nothing is replaced.
    `speaks_for`: whether whoever hands it in may say something of that team's certificates.
    """

    data: bytes
    name: str = ""
    passwords: Sequence[str] = ()
    label: str = ""
    locator: str = ""
    team: Team | None = None
    environment: str = ""
    speaks_for: Callable[[int], bool] = lambda team_id: True


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What was in it and is stored, in the file's order; `new` are those not there before."""

    contents: Contents
    certificates: tuple[tuple[Entry, Certificate], ...]
    new: frozenset[int]
    replaced: int
    locator: str


def upload_certificates(upload: Upload, *, actor: Actor, now: datetime) -> Uploaded:
    """Store all certificates in it. Raises PayloadError where there is none, ConflictError,
    ForbiddenError where the place has another team's."""
    _check(upload)
    contents = read_container(upload.data, upload.name or "It", upload.passwords)
    if not contents.entries:
        said = contents.troubles or contents.notes
        text = " ".join(said) or "It holds no certificate."
        raise PayloadError(text, [FieldError("data", each) for each in said])
    if len(contents.entries) > MOST:
        raise PayloadError(
            f"It holds {len(contents.entries)} certificates, {MOST} may be handed in at once.",
            [FieldError("data", "holds too many certificates")],
        )
    with transaction.atomic():
        return _store(upload, contents, actor, now)


def _check(upload: Upload) -> None:
    errors = []
    for name, most in _MOST_CHARACTERS.items():
        text: str = getattr(upload, name)
        if len(text) > most:
            errors.append(FieldError(name, f"has {len(text)} characters, {most} may be"))
        elif visible(text) != text:
            errors.append(FieldError(name, "has characters that nobody sees"))
    if upload.environment and upload.team is None:
        errors.append(FieldError("team", "say whose it is where you say its environment"))
    if errors:
        raise PayloadError(f"{errors[0].field}: {errors[0].message}.", errors)


def _source() -> Source:
    """Locked, so that two who hand in the same do not meet."""
    rows = Source.objects.select_for_update()
    source = rows.filter(kind=Uploads.slug).order_by("pk").first()
    if source is None:
        row, _ = Source.objects.get_or_create(name=_NAME, defaults={"kind": Uploads.slug})
        source = rows.get(pk=row.pk)
    if source.kind != Uploads.slug:
        raise ConflictError(f"A source of another kind has the name {_NAME}: rename it.")
    if not source.enabled:
        raise ConflictError(f"The source {source.name} is disabled: nothing is handed in.")
    return source


def _store(upload: Upload, contents: Contents, actor: Actor, now: datetime) -> Uploaded:
    source = _source()
    locator = upload.locator or upload.label or upload.name or "pasted"
    facts = {"format": contents.format, "label": upload.label, "file": upload.name}
    found = [
        FoundCertificate(
            entry.parsed,
            locator,
            entry.position,
            entry.has_key,
            {name: text for name, text in (*facts.items(), ("alias", entry.alias)) if text},
        )
        for entry in contents.entries
    ]
    before = _present(source, locator)
    stored = Stored()
    store_placements(source, found, stored, now=now)
    digests = [entry.parsed.sha256 for entry in contents.entries]
    rows = {
        row.sha256: row for row in Certificate.objects.filter(IdIn(digests, "sha256")).defer("der")
    }
    there = {row.pk for row in rows.values()}
    replaced = _replace(source, upload, before - there, now) if upload.locator else set()
    update_use(sorted(stored.touched | replaced), now=now)
    if upload.team:
        _own(list(rows.values()), upload, actor, now)
    record_audit(
        actor, "upload", source, now=now,
        after={
            "locator": locator, "format": contents.format, "certificates": len(rows),
            "sha256": digests[:20], "replaced": len(replaced),
            "team": upload.team.name if upload.team else "",
        },
    )  # fmt: skip
    return Uploaded(
        contents,
        tuple((entry, rows[entry.parsed.sha256]) for entry in contents.entries),
        frozenset(there - before),
        len(replaced),
        locator,
    )


def _present(source: Source, locator: str) -> set[int]:
    rows = Placement.objects.filter(
        source=source, locator_key=locator_key(locator), gone_at=None
    ).order_by()
    return set(rows.values_list("certificate_id", flat=True))


def _replace(source: Source, upload: Upload, certificates: set[int], now: datetime) -> set[int]:
    """What was at the place and is not what was put there now. Raises ForbiddenError.

    It is watched no more: who may not say so of another team's does not say it by handing in.
    """
    if certificates:
        teams = Certificate.objects.filter(IdIn(sorted(certificates))).exclude(team=None)
        if not all(map(upload.speaks_for, set(teams.order_by().values_list("team_id", flat=True)))):
            raise ForbiddenError("Another team's certificate is at this place: choose another one.")
        Placement.objects.filter(
            IdIn(sorted(certificates), "certificate_id"),
            source=source, locator_key=locator_key(upload.locator), gone_at=None,
        ).update(gone_at=now)  # fmt: skip
    return certificates


def _own(rows: Collection[Certificate], upload: Upload, actor: Actor, now: datetime) -> None:
    """Whose they are, as if said by hand, but for what is another team's, or is by the rules.

    Of a chain only the leaves: its authorities serve everybody. Anybody may have a certificate,
    so handing it in first does not make it one's own.
    """
    leaves = [row for row in rows if not row.is_ca] or list(rows)
    teams = _teams_by_rule(leaves)
    ids = [row.pk for row in leaves if _is_free(teams[row.pk], upload)]
    free = Q(team=None) | Q(team=upload.team)
    Certificate.objects.filter(free, IdIn(ids)).update(
        team=upload.team,
        environment=upload.environment,
        owned_by=actor.name[:300],
        owner_pinned=True,
    )
    mark_certificates([row.pk for row in leaves], now=now)


def _is_free(team_id: int | None, upload: Upload) -> bool:
    mine = upload.team is not None and team_id == upload.team.pk
    return team_id is None or mine or upload.speaks_for(team_id)


def _teams_by_rule(rows: Sequence[Certificate]) -> dict[int, int | None]:
    """Whose they would be if nobody said so."""
    world, rules = load_world(), load_rules()
    known = load_known([row.pk for row in rows], world)
    return {
        row.pk: owner_of(
            known[row.pk], world, rules, partial(facts_of, row, known[row.pk], world)
        ).team_id
        for row in rows
    }

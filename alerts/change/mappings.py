"""Mappings are changed here, by pages and files alike."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.formats.mapping import compile_mapping, mapping_values
from alerts.models import MappedKey, Mapping
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import ApiKey
from opsportal.lib.errors import ConflictError, FieldError, PayloadError


@transaction.atomic
def save_mapping(
    mapping: Mapping, keys: Sequence[ApiKey] | None = None, *, actor: Actor, now: datetime
) -> bool:
    """Store a new or changed mapping; whether anything was different.

    `keys` replace those whose payloads it reads; None leaves them. A team's mapping reads those of
    the team's own keys. Raises PayloadError, ConflictError.
    """
    stored = Mapping.objects.select_for_update(of=("self",)).filter(pk=mapping.pk).first()
    old = keys_of(stored) if stored else []
    new = old if keys is None else list(keys)
    check_mapping(mapping, new)
    before = mapping_state(stored, old) if stored else None
    after = mapping_state(mapping, new)
    if before == after:
        return False
    save_row(mapping)
    if {key.pk for key in old} != {key.pk for key in new}:
        _set_keys(mapping, new)
    record_saved(mapping, before, after, actor=actor, now=now)
    return True


@transaction.atomic
def delete_mapping(mapping: Mapping, *, actor: Actor, now: datetime) -> None:
    """Remove it; what its keys send is kept as failed from then on."""
    record_deleted(mapping, mapping_state(mapping, keys_of(mapping)), actor=actor, now=now)
    mapping.delete()


def check_mapping(mapping: Mapping, keys: Sequence[ApiKey]) -> None:
    """Raise PayloadError for what is not right with it, all of it at once."""
    errors: list[FieldError] = []
    for check in (_check_read, check_columns):
        try:
            check(mapping)
        except PayloadError as error:
            errors += error.errors
    errors += complaints_of_keys(mapping, keys)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors[:10])
        raise PayloadError(f"The mapping is not right: {text}", errors)


def keys_of(mapping: Mapping) -> list[ApiKey]:
    """The keys whose payloads it reads."""
    return list(ApiKey.objects.filter(mapped__mapping=mapping).order_by("prefix"))


def mapping_state(mapping: Mapping, keys: Sequence[ApiKey]) -> State:
    """A mapping for the trail."""
    state = {name: value for name, value in mapping_values(mapping).items() if name != "id"}
    for name in ("fields", "labels", "statuses", "severities"):
        state[name] = dict(sorted(state[name].items()))
    prefixes = sorted(key.prefix for key in keys)
    return {**state, "team": team_name(mapping.team), "keys": prefixes}


def _check_read(mapping: Mapping) -> None:
    compile_mapping(mapping_values(mapping))


def complaints_of_keys(mapping: Mapping, keys: Sequence[ApiKey]) -> list[FieldError]:
    """What is wrong with these keys for that mapping, if anything."""
    errors = [
        FieldError("keys", f"{key} is not a key of the team {team_name(mapping.team)}")
        for key in keys
        if mapping.team_id is not None and key.team_id != mapping.team_id
    ]
    taken = MappedKey.objects.filter(key__in=keys).exclude(mapping_id=mapping.pk)
    return errors + [
        FieldError("keys", f"{row.key} has the mapping {row.mapping} already")
        for row in taken.select_related("key", "mapping")
    ]


def _set_keys(mapping: Mapping, keys: Sequence[ApiKey]) -> None:
    mapping.mapped_keys.all().delete()
    rows = [MappedKey(mapping=mapping, key=key) for key in keys]
    try:
        with transaction.atomic():
            MappedKey.objects.bulk_create(rows)
    except IntegrityError as error:
        raise ConflictError("One of the keys has another mapping by now.") from error

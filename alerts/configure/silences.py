"""Silences in configuration files."""

from typing import Any

from alerts.change import end_silence, save_silence
from alerts.models import Silence
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration, read_instant
from opsportal.lib.durations import write_duration
from opsportal.lib.times import format_instant


class SilenceSection:
    """`silences: [{name, match, starts_at, ends_at, comment, recurrence, zone, duration, ...}]`.

    Known by their names among those that are not over. One whose end is past is over, or never
    was: a file may go on naming it. What has begun keeps its start.
    """

    slug = "silences"
    keys = (
        "name", "match", "comment", "starts_at", "ends_at", "recurrence", "zone", "duration",
        "team", "end_when_unmatched",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """Those that are not over, by name."""
        del mask  # a silence has no secrets
        rows = Silence.objects.filter(ended_at=None).exclude(name="").select_related("team")
        return [_entry(silence) for silence in rows.order_by("name")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one silence so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rows = Silence.objects.select_related("team").filter(name=name, ended_at=None)
        silence = rows.first()
        if silence is None:
            silence = Silence(name=name, starts_at=deed.now)
        _take(silence, given, deed)
        if silence.ends_at is not None and silence.ends_at <= deed.now:
            if silence.pk:
                end_silence(silence, actor=deed.actor, now=deed.now)
            return
        save_silence(silence, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """End it."""
        silence = Silence.objects.get(name=name, ended_at=None)
        end_silence(silence, actor=deed.actor, now=deed.now)


def _entry(silence: Silence) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": silence.name,
        "match": silence.match,
        "comment": silence.comment,
        "starts_at": format_instant(silence.starts_at),
    }
    if silence.ends_at:
        entry["ends_at"] = format_instant(silence.ends_at)
    if silence.recurrence:
        entry["recurrence"] = silence.recurrence
    if silence.zone != "UTC":
        entry["zone"] = silence.zone
    if silence.duration:
        entry["duration"] = write_duration(silence.duration)
    if silence.team:
        entry["team"] = silence.team.name
    if silence.end_when_unmatched:
        entry["end_when_unmatched"] = True
    return entry


def _take(silence: Silence, given: dict[str, Node], deed: Deed) -> None:
    for name in ("match", "comment", "recurrence"):
        if name in given:
            setattr(silence, name, given[name].optional_text())
    if "starts_at" in given:
        silence.starts_at = read_instant(given["starts_at"], deed.now)
    if "ends_at" in given:
        node = given["ends_at"]
        silence.ends_at = None if node.value is None else read_instant(node, deed.now)
    if "zone" in given:
        silence.zone = given["zone"].optional_text() or "UTC"
    if "duration" in given:
        node = given["duration"]
        silence.duration = None if node.value is None else read_duration(node)
    if "team" in given:
        silence.team = find_team(given["team"])
    if "end_when_unmatched" in given:
        silence.end_when_unmatched = given["end_when_unmatched"].truth()

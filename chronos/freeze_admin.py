"""The admin pages of freezes and of their violations. What is saved here goes by the deeds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chronos.change import check_freeze, delete_freeze, save_freeze
from chronos.freezes import compile_freeze
from chronos.models import Freeze, Violation
from chronos.models.freeze import USUAL_KINDS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import ReadOnlyAdmin, TextareaWidget, TextWidget, display, register
from opsportal.lib.errors import PayloadError
from opsportal.lib.time_fields import PLAIN, DurationField, InstantField, ZoneField
from opsportal.lib.times import format_instant, utc_now
from opsportal.lib.windows import instant_of, zone_of


class NamesField(forms.CharField):
    """Names, parted by commas."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "widget": TextWidget(attrs=PLAIN)} | options)

    def prepare_value(self, value: Any) -> Any:
        """With commas."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """A list."""
        text = super().to_python(value) or ""
        return [name for part in text.split(",") if (name := part.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is another list."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class ExceptionsField(forms.CharField):
    """Intervals as in ISO 8601, one a line, with a reason behind: FROM/UNTIL why."""

    def __init__(self, **options: Any) -> None:
        area = TextareaWidget(
            attrs=PLAIN | {"rows": 3, "placeholder": "2026-12-24T10:00/2026-12-24T12:00 the hotfix"}
        )
        super().__init__(**{"required": False, "widget": area} | options)

    def prepare_value(self, value: Any) -> Any:
        """A line each."""
        if not isinstance(value, list):
            return value
        return "\n".join(
            f"{found['from']}/{found['until']} {found.get('reason', '')}".rstrip()
            for found in value
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it says something else."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class FreezeForm(forms.ModelForm):
    """A freeze."""

    match = forms.CharField(
        label="Changes that match",
        required=False,
        max_length=1000,
        widget=TextareaWidget(attrs=PLAIN | {"rows": 2, "placeholder": 'environment="prod"'}),
        help_text="Matchers of service, environment, region, team, actor and labels. Empty: all.",
    )
    kinds = NamesField(
        label="of these kinds", initial=list(USUAL_KINDS), help_text="Parted by commas."
    )
    starts_at = InstantField(label="From", help_text="UTC, or +2h.")
    ends_at = InstantField(
        label="Until", required=False, help_text="UTC. Only a recurring one may have none."
    )
    recurrence = forms.CharField(
        label="Comes again",
        required=False,
        max_length=500,
        widget=TextWidget(attrs=PLAIN | {"placeholder": "FREQ=WEEKLY;BYDAY=FR"}),
        help_text="An RRULE; its first time is From. Empty: once.",
    )
    duration = DurationField(
        label="Each time for", required=False, help_text="Of a recurring one: 90m, 2d."
    )
    zone = ZoneField(label="In the time of", help_text="Such as Europe/Berlin; empty: UTC.")
    exceptions = ExceptionsField(
        label="But not",
        help_text="FROM/UNTIL and why, one a line; without an offset in the time of the zone.",
    )
    exempt_services = NamesField(label="nor services", help_text="Parted by commas.")
    exempt_actors = NamesField(label="nor changes by", help_text="Parted by commas.")

    class Meta:
        model = Freeze
        fields = [
            "name", "reason", "match", "kinds", "starts_at", "ends_at", "recurrence", "duration",
            "zone", "exceptions", "exempt_services", "exempt_actors", "team", "enabled",
        ]  # fmt: skip
        help_texts = {
            "reason": "Pipelines that ask are told so.",
            "team": "Only changes of this team and of none are concerned; without one, all.",
        }

    def clean(self) -> dict[str, Any]:
        """As the deed would find it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if "exceptions" in found and "zone" in found:
            try:
                found["exceptions"] = _read_exceptions(found["exceptions"], found["zone"])
            except ValueError as error:
                self.add_error("exceptions", str(error))
        if self.errors:
            return found
        try:
            check_freeze(Freeze(**found))
        except PayloadError as error:
            for wrong in error.errors:
                self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)
        return found


def _read_exceptions(text: str, zone: str) -> list[dict[str, str]]:
    """Raises ValueError that says which line is wrong."""
    exceptions = []
    for line in filter(None, map(str.strip, text.splitlines())):
        interval, _, reason = line.partition(" ")
        times = interval.split("/")
        try:
            start, end = (_instant(part, zone) for part in times)
        except (ValueError, OverflowError) as error:
            message = f"{line[:60]!r} is not understood; write 2026-12-24T10:00/2026-12-24T12:00"
            raise ValueError(message) from error
        found = {"from": format_instant(start), "until": format_instant(end)}
        exceptions.append({**found, "reason": reason.strip()} if reason.strip() else found)
    return exceptions


def _instant(text: str, zone: str) -> datetime:
    found = datetime.fromisoformat(text)
    return instant_of(found, zone_of(zone)) if found.tzinfo is None else found


@register(Freeze)
class FreezeAdmin(TeamOwnedAdmin):
    """Freezes: when what had better not be changed."""

    form = FreezeForm
    list_display = ["name", "reason", "match", "state", "when", "team"]
    list_select_related = ["team"]
    list_filter = ["enabled", "team"]
    search_fields = ["name", "reason", "match"]
    sortable_by = ()
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["name", "reason", "match", "kinds", ("starts_at", "ends_at")]}),
        ("Recurring", {"fields": ["recurrence", ("duration", "zone")]}),
        ("Exceptions", {"fields": ["exceptions", "exempt_services", "exempt_actors"]}),
        ("More", {"fields": [("team", "enabled")]}),
    ]

    @display(description="state", label={"frozen": "danger", "open": "success", "off": "default"})
    def state(self, freeze: Freeze) -> str:
        """Whether it holds now."""
        if not freeze.enabled:
            return "off"
        return "frozen" if compile_freeze(freeze).window_at(utc_now()) else "open"

    @display(description="when")
    def when(self, freeze: Freeze) -> str:
        """Until when it holds, or when it does next."""
        compiled, now = compile_freeze(freeze), utc_now()
        if window := compiled.window_at(now):
            return f"until {window[1]:%Y-%m-%d %H:%M}"
        if window := compiled.next_window(now):
            return f"from {window[0]:%Y-%m-%d %H:%M}"
        return "never again"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_freeze(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_freeze(obj, actor=actor_of(request), now=utc_now())


@register(Violation)
class ViolationAdmin(ReadOnlyAdmin):
    """Changes that began during a freeze."""

    list_display = ["at", "change", "kind", "service", "environment", "actor", "freeze_name"]
    list_select_related = False
    list_filter = ["at"]
    search_fields = ["title", "service", "actor", "freeze_name"]
    sortable_by: Sequence[str] = ()

    @display(description="change")
    def change(self, violation: Violation) -> SafeString:
        """With a link to its page."""
        return format_html('<a href="{}">{}</a>', violation.get_absolute_url(), violation.title)

"""The admin pages of schedules and overrides.

What is saved here goes through `alerts.change`, as from a file.
"""

import re
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.change.oncall import (
    LayerDraft,
    delete_override,
    delete_schedule,
    draft_of,
    save_override,
    save_schedule,
)
from alerts.models import (
    Layer,
    Override,
    Schedule,
)
from alerts.oncall.words import (
    find_people,
    parse_rotation,
    parse_wall,
    write_rotation,
    write_wall,
)
from alerts.oncall_rows import drafts_of, read_words
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import administered_teams, is_administrator
from opsportal.accounts.team_owned_admin import OwnersInline, TeamOwnedAdmin
from opsportal.lib.admin import (
    TextWidget,
    display,
    register,
)
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from opsportal.lib.windows import parse_hours, zone_of


class ScheduleForm(forms.ModelForm):
    """A schedule; the address of its calendar is masked once stored."""

    calendar_url = forms.CharField(
        label="iCal address", required=False, max_length=2000, widget=TextWidget(),
        help_text="Shifts are imported from there every 15 minutes; empty for none.",
    )  # fmt: skip

    class Meta:
        model = Schedule
        fields = ["name", "team", "zone", "description"]
        help_texts = {"zone": "Handovers stay at the same time of day there: Europe/Berlin."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.ical_url:
            self.fields["calendar_url"].initial = MASK

    def clean_zone(self) -> str:
        """The zone, if there is such a one."""
        name: str = self.cleaned_data["zone"]
        read_words(name, zone_of)
        return name


class LayerForm(forms.ModelForm):
    """A layer, in the words of files."""

    rotation = forms.CharField(
        max_length=10, initial="1w", widget=TextWidget(),
        help_text="How long a turn is: 12h, 1d, 1w.",
    )  # fmt: skip
    first = forms.CharField(
        label="First handover", max_length=20, widget=TextWidget(),
        help_text="2026-01-05 09:00, in the schedule's zone; each handover is at that time of day.",
    )  # fmt: skip
    people = forms.CharField(
        max_length=20_000, widget=TextWidget(), help_text="Usernames in their order: jo, sam, kim."
    )

    class Meta:
        model = Layer
        fields = ["name", "position", "hours"]
        labels = {"position": "order"}
        help_texts = {
            "position": "Layers with a higher number win.",
            "hours": "Empty: always. Else such as: mon-fri 09:00-17:00",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            draft = draft_of(self.instance)
            self.fields["rotation"].initial = write_rotation(draft.length, draft.unit)
            self.fields["first"].initial = write_wall(draft.starts_at)
            self.fields["people"].initial = ", ".join(user.get_username() for user in draft.people)

    def clean_rotation(self) -> Any:
        """Length and unit."""
        return read_words(self.cleaned_data["rotation"], parse_rotation)

    def clean_first(self) -> Any:
        """The wall time."""
        return read_words(self.cleaned_data["first"], parse_wall)

    def clean_people(self) -> Any:
        """The people."""
        names = [name for name in re.split(r"[,\s]+", self.cleaned_data["people"]) if name]
        try:
            return find_people(names)
        except PayloadError as error:
            raise forms.ValidationError(f"{error.message}.") from error

    def clean_hours(self) -> str:
        """The hours as given, if they can be read."""
        text: str = self.cleaned_data["hours"]
        read_words(text, parse_hours)
        return text

    def draft(self) -> LayerDraft:
        """What was filled in."""
        facts = self.cleaned_data
        length, unit = facts["rotation"]
        return LayerDraft(
            facts["name"], length, unit, facts["first"], facts["people"], facts["hours"]
        )


class LayerInline(OwnersInline):
    """The rotations."""

    model = Layer
    form = LayerForm
    of = "schedule"
    fields = [("name", "position"), ("rotation", "first"), "people", "hours"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the people."""
        return super().get_queryset(request).prefetch_related("places__user")


@register(Schedule)
class ScheduleAdmin(TeamOwnedAdmin):
    """Schedules with their layers."""

    form = ScheduleForm
    inlines = [LayerInline]
    list_display = ["name", "team", "zone", "calendar", "page"]
    list_select_related = ["team"]
    list_filter = ["team"]
    search_fields = ["name", "description"]
    fields = ["name", ("team", "zone"), "description", "calendar_url"]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """In order."""
        return super().get_queryset(request).order_by("name")

    @display(description="calendar", label={"fails": "danger", "imported": "success"})
    def calendar(self, schedule: Schedule) -> str:
        """How the import stands."""
        if schedule.ical_error:
            return "fails"
        return "imported" if schedule.ical_imported_at else ""

    @display(description="page")
    def page(self, schedule: Schedule) -> SafeString:
        """Where it is shown."""
        return format_html('<a href="{}">who is on call</a>', schedule.get_absolute_url())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: a schedule is stored with its layers, by one deed."""
        obj.ical_url = form.cleaned_data["calendar_url"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the schedule and its layers."""
        layers = drafts_of(formsets, "name")
        save_schedule(form.instance, layers, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_schedule(obj, actor=actor_of(request), now=utc_now())


@register(Override)
class OverrideAdmin(TeamOwnedAdmin):
    """Overrides; responders make their own on the schedule's page."""

    list_display = ["schedule", "user", "starts_at", "ends_at", "note", "author"]
    list_select_related = ["schedule__team", "user"]
    list_filter = ["schedule"]
    search_fields = ["user__username", "note"]
    fields = ["schedule", "user", "starts_at", "ends_at", "note"]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without what the list does not show."""
        return super().get_queryset(request).defer("schedule__ical_url")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Team admins choose among their teams' schedules; people who have left are left out."""
        if db_field.name == "schedule" and not is_administrator(request.user):
            kwargs["queryset"] = Schedule.objects.filter(
                team__in=administered_teams(request.user)
            ).defer("ical_url")
        if db_field.name == "user":
            kwargs["queryset"] = db_field.remote_field.model.objects.filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_override(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_override(obj, actor=actor_of(request), now=utc_now())

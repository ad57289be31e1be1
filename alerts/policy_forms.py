"""The forms of silences, inhibitions, subscriptions and heartbeats."""

from typing import Any

from django import forms
from django.db.models import Q

from alerts.change import check_silence
from alerts.change.matching import complaint_of_match
from alerts.form_fields import HoursField, LabelsField, ParametersField
from alerts.matcher_widget import MatcherField
from alerts.models import Channel, Heartbeat, Inhibition, Silence, Subscription
from alerts.silence import Preview, preview_silence
from opsportal.lib.admin import TextareaWidget, TextWidget
from opsportal.lib.errors import PayloadError
from opsportal.lib.time_fields import PLAIN, DurationField, InstantField, ZoneField
from opsportal.lib.times import utc_now

PREVIEW = "_preview"


class SilenceForm(forms.ModelForm):
    """A silence; with the preview button nothing is stored, and what it would hit is shown."""

    match = MatcherField(label="Alerts that match", required=True)
    starts_at = InstantField(
        label="From", help_text="UTC, or +30m for in half an hour. What is past is now."
    )
    ends_at = InstantField(
        label="Until", required=False, help_text="UTC, or +2h. Only a recurring one may have none."
    )
    recurrence = forms.CharField(
        label="Comes again",
        required=False,
        max_length=500,
        widget=TextWidget(attrs=PLAIN | {"placeholder": "FREQ=WEEKLY;BYDAY=SU"}),
        help_text="An RRULE; its first time is From. Empty: once.",
    )
    duration = DurationField(
        label="Each time for", required=False, help_text="Of a recurring one: 90m, 2h."
    )
    zone = ZoneField(label="In the time of", help_text="Of a recurring one: Europe/Berlin.")

    class Meta:
        model = Silence
        fields = [
            "match", "comment", "starts_at", "ends_at", "recurrence", "duration", "zone", "team",
            "end_when_unmatched", "name",
        ]  # fmt: skip
        help_texts = {
            "comment": "Why nobody is to be told; everybody can read it.",
            "name": "What files know it by; empty: made of the comment.",
            "team": "Only alerts of this team and of none are silenced; without one, all.",
        }

    def clean(self) -> dict[str, Any]:
        """As the deed would find it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return found
        draft = Silence(**{name: value for name, value in found.items() if name in self.fields})
        try:
            check_silence(draft, now=utc_now())
        except PayloadError as error:
            for wrong in error.errors:
                self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)
        return found

    @property
    def previewing(self) -> bool:
        """Whether the preview button was pressed."""
        return PREVIEW in self.data

    def is_valid(self) -> bool:
        """A preview is shown on the same page and never stored."""
        return super().is_valid() and not self.previewing

    def preview(self) -> Preview | None:
        """What it would hit, if that was asked for and can be said."""
        if not self.previewing or self.errors:
            return None
        return preview_silence(self.instance, now=utc_now())


class InhibitionForm(forms.ModelForm):
    """An inhibition."""

    source_match = MatcherField(label="While this fires", required=True)
    target_match = MatcherField(label="nobody is told of this", required=True)
    equal = LabelsField(
        label="if these are equal",
        help_text="Labels that both must have with the same value, parted by commas: "
        "host, cluster. Empty: whatever they have.",
    )

    class Meta:
        model = Inhibition
        fields = ["name", "source_match", "target_match", "equal", "team", "enabled"]

    def clean(self) -> dict[str, Any]:
        """Neither text may match nearly everything."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("source_match", "target_match"):
            if name in found:
                for wrong in complaint_of_match(found[name], name, narrow=True):
                    self.add_error(name, wrong.message)
        return found


class SubscriptionForm(forms.ModelForm):
    """A subscription of whomever."""

    match = MatcherField(label="Alerts that match", help_text="Empty: all of them.")
    digest = forms.CharField(
        required=False,
        max_length=40,
        widget=TextWidget(attrs=PLAIN | {"placeholder": "every 30m"}),
        help_text="every 30m, every 2h or daily 09:00: gathered into one message. Empty: at once.",
    )
    quiet_hours = HoursField(
        widget=TextareaWidget(attrs={"rows": 2, "placeholder": "22:00-07:00"} | PLAIN),
        help_text="22:00-07:00; sat,sun 00:00-24:00: what comes then waits for their end.",
    )
    zone = ZoneField(help_text="Of digest and quiet hours, such as Europe/Berlin; empty: UTC.")

    class Meta:
        model = Subscription
        fields = [
            "name", "user", "team", "match", "min_severity", "channel", "digest", "quiet_hours",
            "zone", "tell_resolved", "enabled",
        ]  # fmt: skip
        help_texts = {
            "name": "Empty: made of whose it is and what it is about.",
            "min_severity": "What is less severe is not told.",
            "channel": "Of a person: one of their own; empty: the first of them, or e-mail.",
        }
        labels = {"min_severity": "At least", "tell_resolved": "Also tell when it is over"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].required = False
        if "channel" in self.fields:
            _channel_field(self).queryset = Channel.objects.defer("settings")

    def clean(self) -> dict[str, Any]:
        """Of one person or one team."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if "user" in self.fields and bool(found.get("user")) == bool(found.get("team")):
            self.add_error("team", "Choose a person or a team, one of them.")
        if found.get("team") and not found.get("channel"):
            self.add_error("channel", "A team needs one.")
        return found


def _channel_field(form: forms.ModelForm) -> Any:
    """The field, which is a choice of rows."""
    return form.fields["channel"]


class OwnSubscriptionForm(SubscriptionForm):
    """A person's own."""

    class Meta(SubscriptionForm.Meta):
        fields = [
            "match", "min_severity", "channel", "digest", "quiet_hours", "zone", "tell_resolved",
            "enabled", "name",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Q(user=self.instance.user)
        channel = _channel_field(self)
        channel.queryset = Channel.objects.filter(mine).defer("settings")
        channel.empty_label, channel.help_text = "the first of mine, or e-mail", ""


class HeartbeatForm(forms.ModelForm):
    """What has to be heard of."""

    interval = DurationField(help_text="How often it is to be heard of: 5m, 1d.")
    grace = DurationField(help_text="How late it may be before an alert is raised: 1m, 1h.")
    labels = ParametersField(help_text="Of the alert: names and values, one a line, as db: main.")

    class Meta:
        model = Heartbeat
        fields = [
            "name", "interval", "grace", "severity", "service", "environment", "labels", "team",
            "enabled",
        ]  # fmt: skip
        help_texts = {"name": "Of its address: POST /api/v1/heartbeats/NAME"}

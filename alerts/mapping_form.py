"""The form of a mapping: an expression for each field, tables a line each, and a payload to try."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import cached_property

from alerts.change.mappings import complaints_of_keys, keys_of
from alerts.formats.generic import MAX_BODY, GenericFormat
from alerts.formats.mapping import FIELDS, MEANINGS, draft_mapping, mapping_values
from alerts.mapping_fields import EXPRESSION, PLAIN, ExpressionField, TableField
from alerts.models import Mapping, RawDelivery
from alerts.normalise import SEVERITIES
from alerts.preview import MappingPreview, preview_mapping
from opsportal.accounts.models import ApiKey, User
from opsportal.accounts.permissions import administered_teams, is_administrator
from opsportal.lib.admin import CheckboxesWidget, TextareaWidget
from opsportal.lib.times import utc_now

TRY, USE = "_try", "_use"
PREFIX = "field_"
MOST_KEYS, MOST_CAPTURED = 500, 10


@dataclass(frozen=True, slots=True)
class Row:
    """A field on the page, what its expression found, and what is wrong with it."""

    field: forms.BoundField
    found: str
    complaints: Sequence[str]


class MappingForm(forms.ModelForm):
    """A mapping; with the buttons to try it nothing is stored."""

    # Whose page it is, and the delivery that it was opened with.
    person: User
    opened_with: RawDelivery | None = None

    keys = forms.MultipleChoiceField(
        required=False,
        widget=CheckboxesWidget,
        help_text="The API keys whose payloads it reads; each has one mapping.",
    )
    alerts = ExpressionField(
        label="List of alerts",
        hint="/alerts, or @ where the payload is the list",
        help_text="Empty: the payload is one alert. Else the fields are looked up in each; $ "
        "before an expression looks at the whole payload.",
    )
    condition = ExpressionField(
        label="Only if", hint="event == 'alert'", help_text="Else the payload is ignored."
    )
    statuses = TableField(
        last=True,
        attrs={"class": "is-mono", "placeholder": "up = resolved\ndown = firing\n* = ignore"},
        label="What it means",
        help_text=f"VALUE = one of {', '.join(MEANINGS)}; * is every other.",
    )
    severities = TableField(
        last=True,
        attrs={"class": "is-mono", "placeholder": "urgent = critical\n* = warning"},
        label="In our words",
        help_text=f"VALUE = one of {', '.join(SEVERITIES)}; * is every other. Common words such "
        "as error, major, P1 are known.",
    )
    labels = TableField(
        last=False,
        attrs=EXPRESSION | {"placeholder": "host = /host/name\ncluster = 'main'", "data-lines": ""},
        help_text="NAME = expression, a line each.",
    )
    field_name = ExpressionField(
        label="name",
        hint="/title, or 'HighLatency'",
        help_text="What is wrong, in the same words each time.",
    )
    field_dedup_key = ExpressionField(
        label="dedup key",
        hint="/incident/id",
        help_text="What makes two payloads the same alert. Empty: environment, service, resource "
        "and name.",
    )
    field_status = ExpressionField(
        label="status", hint="/state", help_text="Empty: it always fires, until its timeout."
    )
    field_severity = ExpressionField(
        label="severity", hint="/priority", help_text="Empty: warning."
    )
    field_summary = ExpressionField(label="summary")
    field_description = ExpressionField(label="description")
    field_service = ExpressionField(label="service")
    field_resource = ExpressionField(label="resource")
    field_environment = ExpressionField(label="environment", hint="'production'")
    field_region = ExpressionField(label="region")
    field_value = ExpressionField(label="value")
    field_starts_at = ExpressionField(
        label="starts at", help_text="RFC 3339, or seconds since 1970."
    )
    field_timeout = ExpressionField(
        label="timeout", hint="'2h'", help_text="Over by itself so long after it was last said."
    )
    field_link = ExpressionField(label="link", hint="/url")
    payload = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_BODY,
        widget=TextareaWidget(attrs={"rows": 12, "class": "is-mono"} | PLAIN),
    )

    class Meta:
        model = Mapping
        fields = ["name", "team", "condition", "alerts", "labels", "statuses", "severities"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attached = keys_of(self.instance) if self.instance.pk else []
        offered = self._offered()
        self._by_id = {str(key.pk): key for key in offered}
        if "keys" in self.fields:
            choices = [(pk, f"{key.name} ({key.prefix})") for pk, key in self._by_id.items()]
            self.fields["keys"].choices = choices  # type: ignore[attr-defined]
        initial: dict[str, Any] = {"keys": [str(key.pk) for key in self._attached]}
        initial |= {PREFIX + name: text for name, text in self.instance.fields.items()}
        if self.opened_with is not None:
            initial["payload"] = self.opened_with.body
        self.initial = {**initial, **self.initial}
        if self.is_bound and (chosen := _delivery(self.data.get(USE, ""))):
            given: Any = self.data
            changed = given.copy()
            changed["payload"] = chosen.body
            self.data = changed

    def _offered(self) -> list[ApiKey]:
        """Keys that may send and that the person administers; and those that it has."""
        mine = ApiKey.objects.filter(mapped=None, revoked_at=None)
        if not is_administrator(self.person):
            mine = mine.filter(team__in=administered_teams(self.person))
        found = [key for key in mine[:MOST_KEYS] if GenericFormat.scope in key.scopes]
        return sorted([*self._attached, *found], key=lambda key: (key.name, key.prefix))

    def clean(self) -> dict[str, Any]:
        """As the deed would find it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.fields = self._expressions()
        found["keys"] = [self._by_id[pk] for pk in found.get("keys", [])]
        draft = Mapping(pk=self.instance.pk, team=found.get("team"))
        for wrong in [*draft_mapping(self.values)[1], *complaints_of_keys(draft, found["keys"])]:
            name = form_field(wrong.field)
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, wrong.message)
        return found

    def _expressions(self) -> dict[str, str]:
        given = {name: self.cleaned_data.get(PREFIX + name, "") for name in FIELDS}
        return {name: text for name, text in given.items() if text}

    def is_valid(self) -> bool:
        """A try is shown on the same page and never stored."""
        return super().is_valid() and not (TRY in self.data or USE in self.data)

    @property
    def values(self) -> dict[str, Any]:
        """The mapping as far as the form can be read."""
        values = mapping_values(self.instance)
        if self.is_bound:
            for name in ("condition", "alerts", "name"):
                values[name] = self.cleaned_data.get(name) or ""
            for name in ("labels", "statuses", "severities"):
                values[name] = self.cleaned_data.get(name) or {}
            values["fields"] = self._expressions()
        return values

    @property
    def chosen_keys(self) -> Sequence[ApiKey]:
        """The keys that are ticked."""
        if not self.is_bound:
            return [self._by_id[pk] for pk in self.initial["keys"] if pk in self._by_id]
        found: Sequence[ApiKey] = getattr(self, "cleaned_data", {}).get("keys") or []
        return found

    @cached_property
    def preview(self) -> MappingPreview | None:
        """What it would make of the payload; None for a new one with nothing in it yet."""
        if self.is_bound:
            self.full_clean()
            payload = self.cleaned_data.get("payload") or ""
        else:
            payload = self.initial.get("payload", "")
        if not self.is_bound and not self.instance.fields:
            return None
        keys = self.chosen_keys
        team = keys[0].team if keys else self.instance.team
        return preview_mapping(self.values, payload, team=team, now=utc_now())

    @cached_property
    def captured(self) -> list[RawDelivery]:
        """What came in lately by its keys; of a form without any, by keys that have no mapping."""
        keys: Iterable[ApiKey] = self.chosen_keys or [
            key for key in self._by_id.values() if key not in self._attached
        ]
        return list(captured_deliveries([key.pk for key in keys][:MOST_KEYS]))

    @property
    def many_keys(self) -> bool:
        """Whether what came in has to say whose it is."""
        return len({delivery.key_id for delivery in self.captured}) > 1

    @cached_property
    def complaints(self) -> dict[str, list[str]]:
        """Field of the form -> what is wrong with it, of the form itself and with the payload."""
        told = {name: list(map(str, errors)) for name, errors in self.errors.items()}
        for wrong in self.preview.complaints if self.preview else ():
            found = told.setdefault(form_field(wrong.field), [])
            if wrong.message not in found:
                found.append(wrong.message)
        return told

    @cached_property
    def found(self) -> dict[str, str]:
        """Field of the form -> what its expression found."""
        shown = self.preview.found if self.preview else {}
        lines = [f"{name[7:]}: {text}" for name, text in shown.items() if name[:7] == "labels."]
        found = {form_field(name): text for name, text in shown.items() if "." not in name}
        return found | ({"labels": "\n".join(lines)} if lines else {})

    def row(self, name: str) -> Row:
        """A field with what is said of it."""
        return Row(self[name], self.found.get(name, ""), self.complaints.get(name, []))

    @property
    def parts(self) -> dict[str, list[Row]]:
        """The page's parts, each with its fields."""
        expressions = [PREFIX + name for name in FIELDS]
        expressions.insert(expressions.index(f"{PREFIX}status") + 1, "statuses")
        expressions.insert(expressions.index(f"{PREFIX}severity") + 1, "severities")
        parts = {
            "head": ["name", "team", "keys"],
            "where": ["alerts", "condition"],
            "what": [*expressions, "labels"],
            "tried": ["payload"],
        }
        return {part: [self.row(name) for name in names] for part, names in parts.items()}


def form_field(name: str) -> str:
    """The form's field of a mapping's, or of an alert's."""
    part, _, rest = name.partition(".")
    if part == "fields":
        return PREFIX + rest
    return PREFIX + part if part in FIELDS else part


def captured_deliveries(key_ids: Sequence[int]) -> Any:
    """The latest payloads that these keys brought to the door."""
    mine = Q(key_id__in=key_ids, format=GenericFormat.slug)
    rows = RawDelivery.objects.filter(mine).select_related("key").defer("body", "headers")
    return rows.order_by("-id")[:MOST_CAPTURED]


def _delivery(text: str) -> RawDelivery | None:
    is_id = text.isascii() and text.isdigit() and len(text) < 19
    return RawDelivery.objects.filter(pk=int(text)).first() if is_id else None

"""The admin pages of mappings. What is saved here goes by the deeds."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from alerts.change import delete_mapping, save_mapping
from alerts.formats.generic import GenericFormat
from alerts.mapping_form import PREFIX, USE, MappingForm, captured_deliveries
from alerts.models import MappedKey, Mapping, RawDelivery
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import display, register
from opsportal.lib.times import utc_now


@register(Mapping)
class MappingAdmin(TeamOwnedAdmin):
    """Mappings, tried out on payloads that came in before they are saved."""

    when_empty = (
        "Let a sender post its JSON to /hooks/generic with an API key. It is refused once "
        "and kept under Raw deliveries, where a mapping can be made of it."
    )
    form = MappingForm
    change_form_template = "alerts/mapping_form.html"
    list_display = ["name", "key_list", "field_list", "team"]
    list_select_related = ["team"]
    list_filter = ["team"]
    search_fields = ["name", "mapped_keys__key__name", "mapped_keys__key__prefix"]
    readonly_fields = ["key_list", "expressions"]
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["name", "team", "keys", "alerts", "condition"]}),
        ("Fields", {"fields": [name for name in MappingForm.base_fields if PREFIX in name]}),
        ("Values", {"fields": ["statuses", "severities", "labels", "payload"]}),
    ]

    class Media:
        css = {"all": ["opsportal/senders.css", "opsportal/mapping.css"]}
        js = ["opsportal/mapping.js"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With their keys."""
        keys = MappedKey.objects.select_related("key").order_by("key__name", "key__prefix")
        rows = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("mapped_keys", keys))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not edit it reads it."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        read = ["name", "team", "key_list", "alerts", "condition", "expressions"]
        return [(None, {"fields": read})]

    @display(description="keys")
    def key_list(self, mapping: Mapping) -> str:
        """Whose payloads it reads."""
        return ", ".join(str(row.key) for row in mapping.mapped_keys.all())

    @display(description="fields")
    def field_list(self, mapping: Mapping) -> str:
        """What it fills in."""
        return ", ".join([*mapping.fields, *(f"labels.{name}" for name in mapping.labels)])[:200]

    @display(description="expressions")
    def expressions(self, mapping: Mapping) -> str:
        """All that it says, as text."""
        tables = {
            "fields": mapping.fields, "labels": mapping.labels,
            "statuses": mapping.statuses, "severities": mapping.severities,
        }  # fmt: skip
        lines = [
            f"{table}.{name}: {text}"
            for table, found in tables.items()
            for name, text in sorted(found.items())
        ]
        return "\n".join(lines)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of that person, opened with the delivery that the address names."""
        form = super().get_form(request, obj, change, **kwargs)
        if team := form.base_fields.get("team"):
            for verb in ("add", "change", "delete", "view"):
                setattr(team.widget, f"can_{verb}_related", False)
        if issubclass(form, MappingForm):
            form.person = request.user
            form.opened_with = _opened_with(request, obj)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """For the key of the delivery, or the one that the address names."""
        initial = super().get_changeform_initial_data(request)
        delivery = _opened_with(request, None)
        key = delivery.key if delivery else _key_of(request)
        if key is not None:
            initial |= {"keys": [str(key.pk)], "name": key.name, "team": key.team_id}
        return initial

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """On the whole width."""
        page = "alerts_mapping_preview"
        url = reverse(f"admin:{page}_changed", args=[obj.pk]) if obj else reverse(f"admin:{page}")
        more = {"is_fullwidth": "1", "preview_url": url}
        answer: HttpResponse = super().render_change_form(
            request, {**context, **more}, *args, obj=obj, **kwargs
        )
        return answer

    def get_urls(self) -> Any:
        """With the preview's."""
        preview = self.admin_site.admin_view(require_POST(self.preview_view))
        return [
            path("preview/", preview, name="alerts_mapping_preview"),
            path("<int:pk>/preview/", preview, name="alerts_mapping_preview_changed"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, pk: int = 0) -> HttpResponse:
        """What the form's mapping makes of its payload, for the page's script."""
        mapping = self.get_object(request, str(pk)) if pk else None
        if pk and mapping is None:
            raise Http404("no such mapping")
        may = (
            self.has_change_permission(request, mapping)
            if mapping
            else self.has_add_permission(request)
        )
        if not may:
            raise PermissionDenied
        form = self.get_form(request, mapping, change=bool(mapping))(
            request.POST, instance=mapping or Mapping()
        )
        answer = {
            "found": form.found,
            "complaints": form.complaints,
            "html": render_to_string("alerts/mapping_result.html", {"preview": form.preview}),
        }
        if USE in request.POST:
            answer["payload"] = form.data["payload"]
        return JsonResponse(answer)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed; what failed before can be replayed now."""
        keys = form.cleaned_data["keys"]
        save_mapping(obj, keys, actor=actor_of(request), now=utc_now())
        failed = RawDelivery.objects.filter(
            key__in=keys, format=GenericFormat.slug, verdict=RawDelivery.Verdict.FAILED
        )
        if failed.exists():
            ids = ",".join(str(key.pk) for key in keys)
            page = reverse("admin:alerts_rawdelivery_changelist")
            text = '<a href="{}?verdict__exact=failed&key__id__in={}">Replay what failed before</a>'
            messages.info(request, format_html(text, page, ids))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_mapping(obj, actor=actor_of(request), now=utc_now())


def _opened_with(request: HttpRequest, mapping: Mapping | None) -> RawDelivery | None:
    """The delivery that the address names, else the latest of the mapping's keys."""
    if request.method != "GET":
        return None
    if number := _number(request, "delivery"):
        return RawDelivery.objects.select_related("key__team").filter(pk=number).first()
    if mapping is not None:
        ids = [row.key_id for row in mapping.mapped_keys.all()]
    else:
        ids = [_number(request, "key")]
    found: RawDelivery | None = captured_deliveries(ids).first() if any(ids) else None
    return found


def _key_of(request: HttpRequest) -> ApiKey | None:
    return ApiKey.objects.filter(pk=_number(request, "key")).first()


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

"""The admin pages of raw deliveries: what came in, what became of it, and another try."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from alerts.format_filter import FormatFilter, format_label
from alerts.formats.generic import GenericFormat
from alerts.models import Alert, RawDelivery
from alerts.replay import replay_delivery
from alerts.templatetags.portal import pretty
from chronos.models import ChangeEvent
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import can_respond
from opsportal.lib.admin import ReadOnlyAdmin, action, display, register
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now

_VERDICT_LABELS = {
    "stored": "success", "partial": "warning", "failed": "danger", "refused": "danger",
    "ignored": "info",
}  # fmt: skip
# At one press: each is a transaction of its own.
MOST_REPLAYED = 200
# Of a body, on its page.
LONGEST_SHOWN = 100_000


@register(RawDelivery)
class RawDeliveryAdmin(ReadOnlyAdmin):
    """Requests as they came in; those that failed can be tried again."""

    when_empty = (
        "What comes in with a valid key is kept here for some days: of the doors of other "
        "contracts all of it, of the portal's own and Prometheus's what failed."
    )
    list_display = [
        "received_at", "verdict_label", "sender", "door", "events", "size_text", "error_cut",
    ]  # fmt: skip
    list_select_related = ["key"]
    list_filter = ["verdict", FormatFilter]
    search_fields = ["key__name", "key__prefix"]
    sortable_by = ()
    ordering = ["-id"]
    actions = ["replay"]
    change_form_template = "alerts/delivery_page.html"

    class Media:
        css = {"all": ["opsportal/senders.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without bodies, which only their own pages show."""
        return super().get_queryset(request).defer("body", "headers")

    @display(description="sender")
    def sender(self, delivery: RawDelivery) -> str:
        """The key."""
        return str(delivery.key)

    @display(description="format")
    def door(self, delivery: RawDelivery) -> str:
        """The contract."""
        return format_label(delivery.format)

    @display(description="verdict", label=_VERDICT_LABELS)
    def verdict_label(self, delivery: RawDelivery) -> str:
        """In colour."""
        return delivery.verdict

    @display(description="size")
    def size_text(self, delivery: RawDelivery) -> str:
        """Of the body as it came in."""
        return str(filesizeformat(delivery.size))

    @display(description="error")
    def error_cut(self, delivery: RawDelivery) -> SafeString | str:
        """The beginning of it."""
        text = delivery.error[:160]
        return format_html('<span class="ops-cell is-error">{}</span>', text) if text else ""

    @action(description="Replay what failed")
    def replay(self, request: HttpRequest, queryset: Any) -> None:
        """Take in again what could not be understood."""
        rows = list(queryset.select_related("key").order_by("id")[: MOST_REPLAYED + 1])
        if len(rows) > MOST_REPLAYED:
            messages.error(request, f"At most {MOST_REPLAYED} at once.")
            return
        replayed, foreign, failed = 0, 0, []
        for row in rows:
            if not can_respond(request.user, row.key.team_id):
                foreign += 1
                continue
            try:
                replay_delivery(row, actor=actor_of(request), now=utc_now())
                replayed += 1
            except OpsError as error:
                failed.append(error.message)
        text = f"{replayed} taken in"
        text += f", {len(failed)} not: {failed[0].rstrip('.')}" if failed else ""
        text += f", {foreign} are of teams you do not respond for" if foreign else ""
        level = messages.WARNING if failed or foreign else messages.SUCCESS
        messages.add_message(request, level, f"{text}.")

    def get_urls(self) -> Any:
        """With the button's own."""
        pressed = self.admin_site.admin_view(require_POST(self.replay_view))
        return [
            path("<int:pk>/replay/", pressed, name="alerts_rawdelivery_replay"),
            *super().get_urls(),
        ]

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take it in again, and show what came of it."""
        delivery = RawDelivery.objects.select_related("key").defer("body").filter(pk=pk).first()
        if delivery is None:
            raise Http404
        if not can_respond(request.user, delivery.key.team_id):
            raise PermissionDenied("Only responders of its key's team may replay it.")
        try:
            row = replay_delivery(delivery, actor=actor_of(request), now=utc_now())
            messages.success(request, f"Taken in: {row.get_verdict_display().lower()}.")
        except OpsError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:alerts_rawdelivery_change", args=[pk]))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """With all of it, and what may be done."""
        if obj is not None:
            text = pretty(obj.body)
            more = {
                "door": format_label(obj.format),
                "text": text[:LONGEST_SHOWN],
                "unshown": max(0, len(text) - LONGEST_SHOWN),
                "alerts": list(_alerts(obj)),
                "changes": list(_changes(obj)),
                "may_replay": obj.replayable and can_respond(request.user, obj.key.team_id),
                "may_map": obj.format == GenericFormat.slug
                and request.user.has_perm("alerts.add_mapping"),
                "mapped": getattr(obj.key, "mapped", None),
            }
            context = {**context, **more}
        answer: HttpResponse = super().render_change_form(
            request, context, *args, obj=obj, **kwargs
        )
        return answer


def _changes(delivery: RawDelivery) -> Any:
    ids = [pk for pk in delivery.change_ids if isinstance(pk, int)]
    return ChangeEvent.objects.filter(pk__in=ids).order_by("pk") if ids else ()


def _alerts(delivery: RawDelivery) -> Any:
    ids = [pk for pk in delivery.alert_ids if isinstance(pk, int)]
    found = Alert.objects.filter(pk__in=ids).order_by("pk")
    return found.only("name", "severity", "status", "summary", "starts_at")

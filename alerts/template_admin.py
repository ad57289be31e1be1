"""The admin pages of message templates, with a preview on a real alert before anything is saved."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from alerts.change import delete_template, save_template
from alerts.compose import compose_preview, wording_of
from alerts.models import Alert, MessageTemplate
from alerts.wording import FILTERS, TAGS, check_wording, render_wording
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import TextareaWidget, TextWidget, register
from opsportal.lib.errors import OpsError, PayloadError
from opsportal.lib.times import utc_now

_MONOSPACE = {"style": "font-family:ui-monospace,Menlo,Consolas,monospace"}


class TemplateForm(forms.ModelForm):
    """A template that can be filled in, or is told why not."""

    class Meta:
        model = MessageTemplate
        fields = ["name", "subject", "body", "team"]
        widgets = {
            "subject": TextWidget(attrs=_MONOSPACE),
            "body": TextareaWidget(attrs={"rows": 16, **_MONOSPACE}),
        }
        help_texts = {
            "subject": "Such as {{ severity|upper }}: {{ summary }}. Empty: the usual subject.",
            "body": "Plain text. Empty: the usual text.",
        }

    def clean(self) -> dict[str, Any]:
        """Tried out on an example."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        facts = wording_of(compose_preview(None, utc_now()))
        try:
            check_wording(found.get("subject", ""), found.get("body", ""), facts)
        except PayloadError as error:
            for wrong in error.errors:
                self.add_error(wrong.field, wrong.message)
        return found


@register(MessageTemplate)
class TemplateAdmin(TeamOwnedAdmin):
    """Words of a team's own for its channels."""

    form = TemplateForm
    list_display = ["name", "subject", "team"]
    list_select_related = ["team"]
    list_filter = ["team"]
    search_fields = ["name"]
    actions: Any = None
    change_form_after_template = "alerts/template_try.html"

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """With the words that a template may use."""
        names = [name for name in wording_of(compose_preview(None, utc_now())) if name != "at"]
        shown = {"variables": names, "tags": TAGS, "filters": FILTERS}
        response = super().changeform_view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data.update(shown)
        return response

    def get_urls(self) -> Any:
        """With the preview's."""
        preview = self.admin_site.admin_view(self.preview)
        return [
            path("preview/", preview, name="alerts_messagetemplate_preview"),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the text in the form would say of an alert; nothing is stored."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:alerts_messagetemplate_changelist"))
        texts = {name: request.POST.get(name, "")[:20_000] for name in ("subject", "body")}
        number = request.POST.get("preview_alert", "").strip()
        alert, complaint = _chosen(number)
        facts = wording_of(compose_preview(alert, utc_now()))
        filled, errors = {}, {}
        for name, text in texts.items():
            try:
                filled[name] = render_wording(text, facts, field_name=name)
            except PayloadError as error:
                errors[name] = error.message
        context = {
            **self.admin_site.each_context(request),
            "title": "Preview",
            "opts": self.opts,
            "alert": alert,
            "complaint": complaint,
            "texts": texts,
            "filled": filled,
            "errors": errors,
            "number": number,
            "facts": facts,
        }
        return TemplateResponse(request, "alerts/template_preview.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_template(obj, actor=actor_of(request), now=utc_now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The template alone: the deed refuses while a channel uses it."""
        return [str(obj) for obj in objs], {"templates": len(objs)}, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any) -> HttpResponse:
        """A template in use stays; the answer says what uses it."""
        try:
            response: HttpResponse = super().delete_view(request, object_id, *args)
        except OpsError as error:
            messages.error(request, error.message)
            page = reverse("admin:alerts_messagetemplate_change", args=[object_id])
            return HttpResponseRedirect(page)
        return response

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_template(obj, actor=actor_of(request), now=utc_now())


def _chosen(number: str) -> tuple[Alert | None, str]:
    """The alert of that number, or the newest one; None: there is no alert at all."""
    alerts = Alert.objects.select_related("team").defer("raw")
    if not number:
        return alerts.order_by("-id").first(), ""
    found = alerts.filter(pk=number).first() if _is_id(number) else None
    if found is None:
        return alerts.order_by(
            "-id"
        ).first(), f"There is no alert {number[:20]}; this is the newest."
    return found, ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19

"""The admin pages of sources: the kind first, then the options that the kind asks for."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from certs.change import delete_source, save_source
from certs.models import Source, SourceRun, SourceTrouble
from certs.sources import CertificateSource, Option, source_kind
from certs.sources.options import kept_secrets, read_options, shown_options
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import (
    CheckboxWidget,
    ReadOnlyAdmin,
    SecretWidget,
    TextareaWidget,
    TextWidget,
    display,
    register,
)
from opsportal.lib.errors import PayloadError
from opsportal.lib.registry import plugins
from opsportal.lib.times import utc_now

_PREFIX, _CLEAR = "option_", "clear_"


class SourceForm(forms.ModelForm):
    """Base of a kind's form, which adds the kind's options as fields."""

    kind: CertificateSource

    class Meta:
        model = Source
        fields = ["name", "enabled", "interval", "team", "environment", "labels", "note"]
        help_texts = {
            "interval": "Between two looks, such as 01:00:00; a tenth more or less.",
            "team": "Whose what it finds is, where no rule says otherwise; its admins edit it.",
            "environment": "Of what it finds.",
            "labels": 'Of what it finds, such as {"cluster": "prod-1"}.',
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("interval", self.kind.interval)
        for option in self.kind.options:
            if option.secret or _PREFIX + option.name not in self.fields:
                continue
            value = self.instance.options.get(option.name, option.default)
            self.initial[_PREFIX + option.name] = (
                "\n".join(value) if isinstance(value, list) else value
            )

    def clean(self) -> dict[str, Any]:
        """The options as the kind wants them; an empty secret is the one that is set."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        given: dict[str, Any] = {}
        for option in self.kind.options:
            value = found.get(_PREFIX + option.name)
            if option.secret and not value:
                value = "" if found.get(_CLEAR + option.name) else None
            if option.kind == "lines" and isinstance(value, str):
                value = [line for line in value.splitlines() if line.strip()]
            given[option.name] = value
        try:
            stored = kept_secrets(self.instance.options, self.instance.secret or {}, given)
            read_options(self.kind, given, stored)
        except PayloadError as error:
            for wrong in error.errors:
                name = _PREFIX + wrong.field.removeprefix("options.")
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, wrong.message)
        found["given"] = given
        self.instance.kind = self.kind.slug
        return found

    def _get_validation_exclusions(self) -> set[str]:
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found | {"labels"}


def form_of(kind: CertificateSource, secret: dict[str, Any]) -> type[SourceForm]:
    """The form of sources of that kind; `secret` says which secrets are set."""
    fields: dict[str, Any] = {"kind": kind}
    for option in kind.options:
        fields[_PREFIX + option.name] = _form_field(option, bool(secret.get(option.name)))
        if option.secret and not option.required and secret.get(option.name):
            label = f"Remove the {option.label.lower()}"
            fields[_CLEAR + option.name] = forms.BooleanField(required=False, label=label)
    return type("KindForm", (SourceForm,), fields)


def _form_field(option: Option, is_set: bool) -> forms.Field:
    said: dict[str, Any] = {"label": option.label, "help_text": option.help}
    if option.kind == "truth":
        return forms.BooleanField(required=False, widget=CheckboxWidget(), **said)
    said["required"] = option.required and not (option.secret and is_set)
    if option.kind == "number":
        return forms.IntegerField(**said)
    if option.kind == "choice":
        return forms.ChoiceField(choices=[(name, name) for name in option.choices], **said)
    widget: Any = TextWidget(attrs={"spellcheck": "false", "autocomplete": "off"})
    if option.kind in ("lines", "document"):
        widget = TextareaWidget(attrs={"rows": 4, "spellcheck": "false"})
    if option.kind == "lines":
        said["help_text"] = f"{option.help} One a line."
    if option.secret:
        # Nothing of a secret is ever sent back.
        said["help_text"] = f"{option.help} {'Set; empty keeps it.' if is_set else 'Not set.'}"
        if option.kind == "text":
            widget = SecretWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(widget=widget, strip=option.kind != "document", **said)


@register(Source)
class SourceAdmin(TeamOwnedAdmin):
    """Where certificates are looked for."""

    when_empty = "Add hosts, a folder, a cluster, a cloud: whatever has certificates."
    list_display = ["name", "kind_label", "enabled", "outcome", "complete_at", "found", "team"]
    list_select_related = ["team"]
    list_filter = ["kind", "enabled", "outcome", "team"]
    search_fields = ["name"]
    readonly_fields = ["kind_label", "options_shown"]
    actions: Any = None

    @display(description="kind")
    def kind_label(self, source: Source) -> str:
        """The kind's name."""
        return str(source.get_kind_display())

    @display(description="options")
    def options_shown(self, source: Source) -> SafeString:
        """For those who may not edit it: no secrets."""
        shown = shown_options(source_kind(source.kind), source.options, source.secret or {})
        return format_html_join("\n", "<div>{}: {}</div>", shown.items())

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the source's kind, or of the one that was chosen."""
        kwargs["form"] = form_of(_kind(request, obj), (obj.secret or {}) if obj else {})
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name, what the kind asks for, and how often."""
        rest = ["enabled", "interval", "team", "environment", "labels", "note"]
        if obj and not self.has_change_permission(request, obj):
            return ["name", "kind_label", "options_shown", *rest]
        form = form_of(_kind(request, obj), (obj.secret or {}) if obj else {})
        extra = [name for name in form.base_fields if name.startswith((_PREFIX, _CLEAR))]
        return ["name", *(["kind_label"] if obj else []), *extra, *rest]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """First the kind."""
        kinds = plugins("CERTIFICATE_SOURCES")
        if request.GET.get("kind") not in kinds:
            if not self.has_add_permission(request):
                raise PermissionDenied
            # Of those that are never asked one takes all.
            have = set(Source.objects.filter(kind__in=list(kinds)).values_list("kind", flat=True))
            context = {
                **self.admin_site.each_context(request),
                "title": "New source: which kind?",
                "opts": self.opts,
                "kinds": [
                    (slug, kind.label, kind.help)
                    for slug, kind in kinds.items()
                    if not (kind.pushed and slug in have)
                ],
            }
            return TemplateResponse(request, "certs/source_kinds.html", context)
        response: HttpResponse = super().add_view(request, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        given = form.cleaned_data["given"]
        save_source(obj, given, actor=actor_of(request), now=utc_now())

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """On to its page, where its runs are."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("certs-source", args=[obj.pk]))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The source alone: its places and its log go with it, certificates stay."""
        return [str(obj) for obj in objs], {"sources": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_source(obj, actor=actor_of(request), now=utc_now())


@register(SourceRun)
class SourceRunAdmin(ReadOnlyAdmin):
    """The log of looks."""

    list_display = ["source", "asked_at", "state", "outcome", "found", "new", "gone", "message"]
    list_select_related = ["source"]
    list_filter = ["outcome", "state"]


@register(SourceTrouble)
class SourceTroubleAdmin(ReadOnlyAdmin):
    """What cannot be read."""

    list_display = ["source", "locator", "message", "first_at", "last_at", "cleared_at"]
    list_select_related = ["source"]


def _kind(request: HttpRequest, source: Any) -> CertificateSource:
    """The plug-in, or the base without options for a kind that is no longer there."""
    slug = source.kind if source else request.GET.get("kind", "")
    return source_kind(slug) or _Unknown()


class _Unknown(CertificateSource):
    """Stands for a kind that the portal has no more."""

    slug, label = "", "unknown"

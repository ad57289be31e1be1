"""Domains, endpoints and proposals in the admin."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from certs.models import Domain, Endpoint, Proposal
from certs.observe.edit import (
    EDITED,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    probe_now,
)
from certs.propose import accept_proposals, delete_domain, refuse_proposals, save_domain
from certs.tls import PROTOCOLS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import (
    PortalAdmin,
    ReadOnlyAdmin,
    ShortPaginator,
    TextWidget,
    action,
    register,
)
from opsportal.lib.times import utc_now

_PLAIN = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "none"}
_PLACE = ("host", "port", "protocol", "server_name")


class PortsField(forms.CharField):
    """Ports in one line: `443, smtp://25`."""

    widget = TextWidget(attrs=_PLAIN | {"placeholder": "443, 8443, smtp://25"})

    def prepare_value(self, value: Any) -> Any:
        """The line of a stored list."""
        if not isinstance(value, list):
            return value
        return ", ".join(
            str(each["port"])
            if each["protocol"] == "tls"
            else f"{each['protocol']}://{each['port']}"
            for each in value
        )

    def to_python(self, value: Any) -> Any:
        """The list of a line; whether its words make sense is the deed's to say."""
        found = []
        for word in str(value or "").replace(",", " ").split():
            protocol, _, port = word.rpartition("://")
            number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
            if not number or (protocol or "tls") not in PROTOCOLS:
                raise forms.ValidationError(f"{word[:40]} is no port such as 443 or smtp://25.")
            found.append({"port": number, "protocol": protocol or "tls"})
        return found

    def validate(self, value: Any) -> None:
        """The deed does."""

    def run_validators(self, value: Any) -> None:
        """The deed does."""


class DomainForm(forms.ModelForm):  # type: ignore[type-arg]
    """A domain of ours."""

    ports = PortsField(
        required=False,
        help_text="Where its names are looked at; empty: 443. smtp:// where TLS begins by "
        "STARTTLS.",
    )

    class Meta:
        model = Domain
        fields = ["name", "team", "environment", "ports", "accept", "note"]
        labels = {"accept": "Watch at once"}
        help_texts = {
            "name": "Names that are it, or below it, and turn up in certificates, zones, logs.",
            "accept": "Otherwise somebody accepts each name.",
            "team": "Whose its endpoints are.",
        }


@register(Domain)
class DomainAdmin(PortalAdmin):
    """Domains of ours."""

    when_empty = "Add a domain of yours: names below it that turn up become endpoints."
    form = DomainForm
    list_display = ["name", "team", "environment", "accept", "note"]
    list_select_related = ["team"]
    list_filter = ["accept", "team"]
    search_fields = ["name"]
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_domain(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_domain(obj, actor=actor_of(request), now=utc_now())


@register(Endpoint)
class EndpointAdmin(TeamOwnedAdmin):
    """Endpoints."""

    when_empty = "Name hosts to watch, or add a source that finds them."
    paginator = ShortPaginator
    list_display = [
        "host", "port", "protocol", "server_name", "result", "failures", "team", "environment",
        "source", "enabled", "probed_at",
    ]  # fmt: skip
    list_select_related = ["team", "source"]
    list_filter = ["protocol", "result", "enabled", "team"]
    search_fields = ["host__startswith", "=server_name"]
    search_help_text = "The beginning of a host, or a whole server name."
    sortable_by = ()
    fields = [("host", "port"), ("protocol", "server_name"), *EDITED]
    actions = ("look",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it is cannot be changed: that would be another one."""
        return _PLACE if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Protocols are chosen."""
        if db_field.name == "protocol":
            choices = [(slug, each.title) for slug, each in PROTOCOLS.items()]
            return forms.ChoiceField(choices=choices, initial="tls")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        actor, now = actor_of(request), utc_now()
        if change:
            change_endpoint(obj, actor=actor, now=now)
        else:
            obj.pk = add_endpoint(obj, actor=actor, now=now).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_endpoint(obj, actor=actor_of(request), now=utc_now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Each by the deed."""
        for row in queryset:
            delete_endpoint(row, actor=actor_of(request), now=utc_now())

    @action(description="Look at them now", permissions=["change"])
    def look(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Have them looked at within seconds."""
        may = f"{self.opts.app_label}.change_endpoint"
        rows = [row for row in queryset[:500] if request.user.has_perm(may, row)]
        probe_now(rows, actor=actor_of(request), now=utc_now())
        messages.success(request, f"{len(rows)} are looked at within seconds.")


@register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """Names that turned up; decided by actions, and never edited."""

    when_empty = "Names below domains come here when they turn up."
    list_display = [
        "host", "port", "protocol", "domain", "state", "first_seen_at", "decided_by", "decided_at",
    ]  # fmt: skip
    list_select_related = ["domain"]
    list_filter = ["state", "domain"]
    search_fields = ["host__startswith"]
    search_help_text = "The beginning of a host."
    sortable_by = ()
    fields = [
        "host", "port", "protocol", "domain", "state", "provenance", "endpoint", "first_seen_at",
        "decided_by", "decided_at",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ("accept", "refuse")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may change domains."""
        return request.user.has_perm("certs.change_domain")

    @action(description="Watch them", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Watch them from now on."""
        rows = list(queryset[:500])
        count = accept_proposals(rows, actor=actor_of(request), now=utc_now())
        messages.success(request, f"{count} are watched from now on.")

    @action(description="Refuse them for good", permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Never propose them again."""
        rows = list(queryset[:500])
        count = refuse_proposals(rows, actor=actor_of(request), now=utc_now())
        messages.success(request, f"{count} are not proposed again.")

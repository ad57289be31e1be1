"""The admin page of trust stores."""

from typing import Any

from django.http import HttpRequest

from certs.models import TrustStore
from certs.validate import check_store, delete_store, save_store
from opsportal.accounts.actors import actor_of
from opsportal.lib.admin import DeedForm, PortalAdmin, TextareaWidget, register
from opsportal.lib.times import utc_now

Kind = TrustStore.Kind


class TrustStoreForm(DeedForm):
    """A set of roots."""

    class Meta:
        model = TrustStore
        fields = ["name", "pem", "enabled", "public", "note"]
        widgets = {"pem": TextareaWidget(attrs={"rows": 12, "class": "is-mono"})}
        help_texts = {
            "pem": "Roots, or intermediates that are to be trusted by themselves.",
            "enabled": "Chains are held against it; a chain that no store holds is untrusted.",
            "public": "Certificates below it are held to the CA/Browser Forum's lifetimes.",
        }

    def refuse(self, row: TrustStore) -> None:
        """As the deed does."""
        check_store(row)


@register(TrustStore)
class TrustStoreAdmin(PortalAdmin):
    """Trust stores; Mozilla's and the machine's can be disabled, and not deleted."""

    form = TrustStoreForm
    list_display = ["name", "kind", "roots", "enabled", "public", "note"]
    search_fields = ["name", "note"]
    sortable_by = ()
    actions: Any = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """One that the portal brings has no PEM."""
        brought = obj is not None and obj.kind != Kind.PRIVATE
        return [name for name in TrustStoreForm.Meta.fields if not (brought and name == "pem")]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of those that somebody made."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.kind == Kind.PRIVATE)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_store(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_store(obj, actor=actor_of(request), now=utc_now())

"""Admin pages of policies and ownership rules."""

import json
from typing import Any

from django.http import HttpRequest

from certs.change.owners import check_owner_rule, delete_owner_rule, save_owner_rule
from certs.change.policies import check_policy, delete_policy, save_policy
from certs.judge.facts import NAMES
from certs.judge.thresholds import DAYS, USUAL
from certs.models import CertificatePolicy, OwnershipRule
from opsportal.accounts.actors import actor_of
from opsportal.lib.admin import DeedForm, PortalAdmin, TextareaWidget, register
from opsportal.lib.times import utc_now

_MATCH = (
    f"Of {', '.join(NAMES)}, and labels of sources and endpoints; of many values, any. "
    'Such as {domain="example.com", lifetime_days<"8"}. Empty: every certificate.'
)


class PolicyForm(DeedForm):
    """When an expiry is told of."""

    class Meta:
        model = CertificatePolicy
        fields = [
            "name", "position", "enabled", "match", "thresholds", "stale_grace", "without", "note",
        ]  # fmt: skip
        widgets = {"match": TextareaWidget(attrs={"rows": 2})}
        help_texts = {
            "position": "The first that matches counts, the lowest position first.",
            "match": _MATCH,
            "thresholds": f"Empty: {json.dumps(list(USUAL))}. In days: {json.dumps(list(DAYS))}.",
            "stale_grace": "So long an old one may be served after a renewed one was seen: "
            "days and hours:minutes:seconds.",
            "without": 'Findings that alert nobody, such as ["key_reuse"].',
        }

    def refuse(self, row: Any) -> None:
        """As the deed does."""
        check_policy(row)


class OwnerForm(DeedForm):
    """Whose certificates are."""

    class Meta:
        model = OwnershipRule
        fields = ["name", "position", "enabled", "match", "team", "environment", "service"]
        widgets = {"match": TextareaWidget(attrs={"rows": 2})}
        help_texts = {
            "position": "The first that matches counts, the lowest position first.",
            "match": _MATCH,
            "environment": "Empty: as the endpoint, domain or source says.",
        }

    def refuse(self, row: Any) -> None:
        """As the deed does."""
        check_owner_rule(row)


@register(CertificatePolicy)
class CertificatePolicyAdmin(PortalAdmin):
    """Policies, in order."""

    form = PolicyForm
    list_display = ["name", "position", "enabled", "match", "stale_grace", "note"]
    search_fields = ["name", "match"]
    sortable_by = ()
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_policy(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_policy(obj, actor=actor_of(request), now=utc_now())


@register(OwnershipRule)
class OwnershipRuleAdmin(PortalAdmin):
    """Ownership rules, in order."""

    form = OwnerForm
    list_display = ["name", "position", "enabled", "match", "team", "environment", "service"]
    list_select_related = ["team"]
    search_fields = ["name", "match"]
    sortable_by = ()
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_owner_rule(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_owner_rule(obj, actor=actor_of(request), now=utc_now())

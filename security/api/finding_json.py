"""A finding in the API's shape."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from opsportal.lib.times import format_instant
from security.auditors import auditors
from security.models import Finding


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """What is wrong with a resource."""

    check = serializers.CharField(source="check_id")
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    account = serializers.CharField(source="account.account_id")
    account_name = serializers.CharField(source="account.name")
    team = serializers.CharField(source="account.team.name", default=None, allow_null=True)
    resource = serializers.CharField(source="resource.resource_id")
    resource_name = serializers.CharField(source="resource.name")
    arn = serializers.CharField(source="resource.arn")
    introduced_by = serializers.IntegerField(source="introduced_by_id", allow_null=True)
    fixed_by = serializers.IntegerField(source="fixed_by_id", allow_null=True)
    actor = serializers.CharField(source="introduced_by.actor", default="")
    acceptance = serializers.IntegerField(source="acceptance_id", allow_null=True)
    evidence = serializers.JSONField()
    history = serializers.JSONField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Finding
        fields = [
            "id", "fingerprint", "check", "label", "status", "score", "summary", "subject",
            "account", "account_name", "team", "region", "technology", "resource", "resource_name",
            "arn", "first_seen_at", "opened_at", "seen_at", "fixed_at", "fixed_reason", "undecided",
            "introduced_by", "fixed_by", "actor", "acceptance", "evidence", "history", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_label(self, finding: Finding) -> str:
        """Of the check; its id when it is gone."""
        auditor = auditors().get(finding.check_id)
        return auditor.label if auditor else finding.check_id

    def get_url(self, finding: Finding) -> str:
        """Its page."""
        return settings.PUBLIC_URL + finding.get_absolute_url()


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The same as plain values."""
    shown: dict[str, Any] = dict(FindingSerializer(finding).data)
    for name in ("first_seen_at", "opened_at", "seen_at", "fixed_at"):
        at = getattr(finding, name)
        shown[name] = format_instant(at) if at else None
    return shown

"""How the API of configurations describes itself."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from security.models import AddressUse, CloudResource, ConfigRevision
from security.normalise import CLASSES

RESOURCE_ID = OpenApiParameter("resource_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
REVISION_ID = OpenApiParameter("revision_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
_MANY = "One, or several with commas or by repeating."
AT = OpenApiParameter(
    "at", str, description="As it was then: RFC 3339, seconds since 1970, or `24h`."
)
INVENTORY = [
    *(OpenApiParameter(n, str, description=_MANY) for n in ("account", "technology", "region")),
    OpenApiParameter("state", str, description=f"{_MANY} Without it: all but what is deleted."),
    OpenApiParameter("q", str, description="An ARN, an id, a name, `tag=value`, or words."),
    OpenApiParameter("match", str, description='Matchers of tags: `{env="prod", score>=7}`.'),
    AT,
]
FEED = [
    *(
        OpenApiParameter(name, str, description=_MANY)
        for name in (
            "account", "technology", "region", "change_class", "kind", "actor", "attribution",
        )
    ),
    OpenApiParameter("reviewed", str, enum=["yes", "no"]),
    OpenApiParameter("score", str, enum=["worse", "better", "changed"]),
    OpenApiParameter("since", str, description="Seen since then: RFC 3339, or `24h`."),
    OpenApiParameter("until", str, description="Seen before then: RFC 3339, or `24h`."),
]  # fmt: skip
ADDRESSES = [
    OpenApiParameter("q", str, required=True, description="An address, or a network."),
    OpenApiParameter("role", str, description=_MANY, enum=AddressUse.Role.values),
    OpenApiParameter("at", str, description="A time, or `ever`; without it: now."),
]
DIFF = [
    OpenApiParameter("from", OpenApiTypes.INT64, required=True, description="A revision's id."),
    OpenApiParameter("to", OpenApiTypes.INT64, required=True, description="Another's."),
]


class LinePartSerializer(serializers.Serializer[Any]):
    """One thing that differs within an element."""

    sign = serializers.CharField(allow_blank=True)
    text = serializers.CharField()
    change_class = serializers.CharField(allow_blank=True)


class DifferenceLineSerializer(LinePartSerializer):
    """One difference in words: `+` added, `-` removed, `~` changed."""

    parts = LinePartSerializer(many=True)


class RevisionReviewSerializer(serializers.Serializer[Any]):
    """Who looked at it."""

    reviewer = serializers.CharField()
    at = serializers.DateTimeField()
    note = serializers.CharField(allow_blank=True)


class RevisionResourceSerializer(serializers.Serializer[Any]):
    """The resource of a revision, in short."""

    id = serializers.IntegerField()
    resource_id = serializers.CharField()
    arn = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)


class ConfigRevisionSerializer(serializers.ModelSerializer[ConfigRevision]):
    """One revision, without its configuration."""

    url = serializers.CharField()
    account = serializers.CharField(help_text="Twelve digits.")
    account_name = serializers.CharField()
    change_class = serializers.ChoiceField(CLASSES)
    resource = RevisionResourceSerializer()
    tags = serializers.DictField(child=serializers.CharField(allow_blank=True))
    review = RevisionReviewSerializer(allow_null=True)

    class Meta:
        model = ConfigRevision
        fields = [
            "id", "url", "account", "account_name", "resource", "number", "kind", "source",
            "change_class", "technology", "region", "summary", "tags", "score_change", "actor",
            "attribution", "event_id", "complete_hash", "durable_hash", "captured_at",
            "captured_before_at", "effective_at", "review",
        ]  # fmt: skip
        read_only_fields = fields


class RevisionDetailSerializer(ConfigRevisionSerializer):
    """One revision with its configuration and differences."""

    config = serializers.DictField()
    changes = serializers.ListField(child=serializers.DictField())
    lines = DifferenceLineSerializer(many=True)

    class Meta(ConfigRevisionSerializer.Meta):
        fields = [*ConfigRevisionSerializer.Meta.fields, "config", "changes", "lines"]
        read_only_fields = fields


class HeldRevisionSerializer(serializers.Serializer[Any]):
    """The revision that held at the time asked for."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(ConfigRevision.Kind.choices)
    captured_at = serializers.DateTimeField()


class CloudResourceSerializer(serializers.ModelSerializer[CloudResource]):
    """A resource, without its configuration."""

    url = serializers.CharField()
    account = serializers.CharField(help_text="Twelve digits.")
    account_name = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField(allow_blank=True))
    revision = HeldRevisionSerializer(allow_null=True, help_text="With `at`.")

    class Meta:
        model = CloudResource
        fields = [
            "id", "url", "account", "account_name", "technology", "region", "resource_id", "arn",
            "name", "unique_id", "state", "tags", "score", "full_score", "revision_count",
            "first_seen_at", "changed_at", "captured_at", "missing_at", "deleted_at", "revision",
        ]  # fmt: skip
        read_only_fields = fields


class ResourceDetailSerializer(CloudResourceSerializer):
    """A resource with its configuration."""

    config = serializers.DictField()
    unknown = serializers.DictField(help_text="Facets that could not be read, and why.")

    class Meta(CloudResourceSerializer.Meta):
        fields = [*CloudResourceSerializer.Meta.fields, "config", "unknown"]
        read_only_fields = fields


class ComparisonSerializer(serializers.Serializer[Any]):
    """What is different between two revisions."""

    lines = DifferenceLineSerializer(many=True)
    same = serializers.BooleanField(help_text="Whether nothing differs that means anything.")


class UseResourceSerializer(serializers.Serializer[Any]):
    """The resource that an address belongs to, in short."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    account = serializers.CharField()
    technology = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    resource_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(CloudResource.State.choices)


class AddressUseSerializer(serializers.Serializer[Any]):
    """A network that a resource has, admits, reaches or lists, from when to when."""

    role = serializers.ChoiceField(AddressUse.Role.choices)
    cidr = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    resource = UseResourceSerializer()


class SecurityCommentSerializer(serializers.Serializer[Any]):
    """A comment on a resource, or on one of its revisions."""

    id = serializers.IntegerField(read_only=True)
    resource = serializers.IntegerField(read_only=True)
    revision = serializers.IntegerField(required=False, allow_null=True)
    author = serializers.CharField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    text = serializers.CharField(max_length=4000)


class ReviewPostSerializer(serializers.Serializer[Any]):
    """Revisions that somebody has looked at."""

    revisions = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=500,
    )
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ReviewedSerializer(serializers.Serializer[Any]):
    """What became of it."""

    reviewed = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Those that were not yet; the others were, or do not exist.",
    )

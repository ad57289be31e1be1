"""What sources need to read in a cloud account, for the policy that its page prints."""

from certs.models import Source
from certs.sources import source_kind
from certs.sources.aws.base import ALL, AwsSource, lines


def actions_in(account: str) -> set[str]:
    """The permissions that enabled sources ask of the cloud account of that name."""
    needed: set[str] = set()
    for slug, options in Source.objects.filter(enabled=True).values_list("kind", "options"):
        kind = source_kind(slug)
        if isinstance(kind, AwsSource) and {ALL, account} & set(lines(options, "accounts")):
            needed |= set(kind.actions)
    return needed

"""What a role or user may do, put together from its own policies, attached ones, its groups' and
its boundary."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from security.auditors import Item, World
from security.policies.effective import Effective

ROLE, USER, GROUP, POLICY = "aws.iam.role", "aws.iam.user", "aws.iam.group", "aws.iam.policy"
# The document of AWS's own AdministratorAccess, in "AWS managed policy reference".
ADMINISTRATOR = "AdministratorAccess"
_ADMINISTRATOR = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# Paths under which only AWS itself makes roles.
_PATHS = {
    "/aws-service-role/": "service-linked role",
    "/aws-reserved/": "made by IAM Identity Center",
}


class Source(NamedTuple):
    """A policy that a principal has: its name or ARN, and by which group."""

    name: str
    document: Any
    group: str = ""

    def __str__(self) -> str:
        return f"{self.name} of group {self.group}" if self.group else self.name


class Rights(NamedTuple):
    """The policies of a principal, and what is not known of them."""

    sources: list[Source]
    boundary: Any
    missing: list[str]
    boundary_missing: bool

    def effective(self, *, without: str = "") -> Effective:
        """What they allow, but for the attached policy of that name."""
        documents = [
            source.document for source in self.sources if not is_aws_policy(source.name, without)
        ]
        return Effective(documents, self.boundary)


def rights_of(item: Item, world: World) -> Rights:
    """Of a role or user."""
    policies, groups = world.configs(POLICY), world.configs(GROUP)
    sources, missing = _sources(item.config, policies)
    for name in item.config.get("groups") or ():
        if (group := groups.get(name)) is None:
            missing.append(f"group {name}")
            continue
        found, unknown = _sources(group, policies)
        sources += [source._replace(group=name) for source in found]
        missing += unknown
    arn = item.config.get("boundary")
    boundary = _document(arn, policies) if arn else None
    return Rights(sources, boundary, missing, bool(arn) and boundary is None)


def documents_of(item: Item) -> Iterator[Source]:
    """The policies that are written at this role, user, group or policy itself."""
    for name, document in (item.config.get("inline") or {}).items():
        yield Source(f"inline/{name}", document)
    if item.technology == POLICY and item.config.get("document") is not None:
        yield Source("document", item.config["document"])


def label_of(item: Item) -> str:
    """Words for what is AWS's own: it is judged like all others, and said to be so."""
    if is_aws_policy(item.resource_id):
        return " (AWS's own policy)"
    path = str(item.config.get("path") or "")
    return "".join(f" ({words})" for start, words in _PATHS.items() if path.startswith(start))


def is_service_linked(item: Item) -> bool:
    """Whether the role and its trust are a service's own."""
    return str(item.config.get("path") or "").startswith("/aws-service-role/")


def is_aws_policy(arn: str, name: str | None = None) -> bool:
    """Whether it is AWS's own (of that name)."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[4] != "aws":
        return False
    return name is None or parts[5].rpartition("/")[2] == name


def _sources(
    config: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Source], list[str]]:
    """The policies of a configuration, and those that are not known."""
    found = [Source(f"inline/{name}", one) for name, one in (config.get("inline") or {}).items()]
    missing = [] if config.get("inline") is not None else ["inline policies"]
    if config.get("attached") is None:
        missing.append("attached policies")
    for arn in config.get("attached") or ():
        document = _document(arn, policies)
        if document is None:
            missing.append(arn)
        else:
            found.append(Source(arn, document))
    return found, missing


def _document(arn: str, policies: Mapping[str, Mapping[str, Any]]) -> Any:
    """None: not known."""
    document = policies.get(arn, {}).get("document")
    if document is None and is_aws_policy(arn, ADMINISTRATOR):
        return _ADMINISTRATOR
    return document

"""Checks of who may assume a role, and of principals that are no more."""

from collections.abc import Iterator, Mapping
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.exposure_issues import exposure_issues, grant_evidence, grant_subject
from security.auditors.iam_rights import ROLE, is_service_linked, label_of
from security.policies.conditions import narrowing_values
from security.policies.exposure import Grant, grants
from security.policies.trust import DANGLING, PROVIDERS, PUBLIC, THIRDPARTY, UNKNOWN

# Services that say for which account or resource they assume a role. Many have a page
# "Cross-service confused deputy prevention" in their user guide; not each of these was looked up
# there, some are here by what is generally known. Before one is added, see its guide: for services
# that do not say it, such as EC2 and Lambda, the condition would shut the service out.
CONFUSABLE = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "appsync", "bedrock", "cloudformation", "codebuild", "comprehend", "datasync", "ecs-tasks",
        "export.rds", "firehose", "fis", "imagebuilder", "iot", "logs", "personalize", "pipes",
        "rekognition", "sagemaker", "scheduler", "ssm", "states", "transcribe", "transfer",
        "vpc-flow-logs",
    )
)  # fmt: skip
_SOURCES = (
    "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
)  # fmt: skip
# What a provider of identities for everybody calls the application that a token is for.
_AUDIENCES = (":aud", ":oaud", ":app_id", ":sub", ":user_id")


class _Trust(Auditor):
    """Base of what is asked of each grant in a role's trust policy."""

    technologies = (ROLE,)
    reads = ("trust",)

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each principal."""
        seen: set[str] = set()
        found = grants(item.config.get("trust"), trust=world.trust, account_id=world.account_id)
        for grant in found:
            if not isinstance(grant, Grant):
                yield Undecided(f"the trust policy cannot be read: {grant.reason}")
            elif (verdict := cls.wrong(item, grant)) and grant_subject(grant) not in seen:
                seen.add(grant_subject(grant))
                words, score = verdict
                yield Issue(
                    words + label_of(item), grant_subject(grant), score, grant_evidence(grant)
                )

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """What is wrong with it, and how much."""
        raise NotImplementedError


class PublicTrust(_Trust):
    """IAM-13: anybody may assume the role."""

    slug = "IAM-13"
    label = "Role that anybody may assume"
    score = 10
    risk = "Anybody with an account of AWS has the role's rights."
    remedy = "Name the principals, or your organisation in a condition."

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """Public."""
        return ("anybody may assume it", 10) if grant.trust == PUBLIC else None


class StrangersTrust(_Trust):
    """IAM-14: an account that nobody knows, or a third party's without an external id."""

    slug = "IAM-14"
    label = "Role that strangers may assume"
    score = 8
    risk = "Somebody outside, or somebody who deceives a third party, has the role's rights."
    remedy = "Take the principal away, list the account, or ask for an external id."

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """Those of ours are no strangers."""
        if grant.trust == UNKNOWN:
            return f"an account that nobody here knows may assume it ({grant.principal})", 8
        if grant.trust == THIRDPARTY and not _names_one(grant.condition, "sts:externalid"):
            return f"a third party may assume it without an external id ({grant.principal})", 6
        return None


class WholeAccountTrust(_Trust):
    """IAM-15: everybody in another account may assume the role; ours are not excepted."""

    slug = "IAM-15"
    label = "Role that a whole other account may assume"
    score = 4
    risk = "Whom it lets in is decided by whoever administers that account."
    remedy = "Name the roles, or their ARNs in a condition on aws:PrincipalArn."

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """By the account's root, and no condition that says who in it."""
        named = any(key in ("aws:principalarn", "aws:userid") for key, _ in grant.narrowed_by)
        other = grant.principal.split(":")[4:5] != [item.account_id]
        if grant.kind == "AWS" and grant.principal.endswith(":root") and other and not named:
            return f"everybody in an account may assume it ({grant.principal})", 4
        return None


class AnyIdentityTrust(_Trust):
    """IAM-16: any identity of a provider may assume the role."""

    slug = "IAM-16"
    label = "Role for any identity of an OIDC provider"
    score = 10
    risk = "Such a provider serves everybody: any of its users or pipelines has the role's rights."
    remedy = "Name the repository or account in a condition on the provider's `sub`."

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """No condition on `sub`; of providers for applications, none that says which."""
        if grant.kind != "Federated":
            return None
        if grant.principal in PROVIDERS:
            ends = tuple(f"{grant.principal}{end}" for end in _AUDIENCES)
            if any(_names_one(grant.condition, key) for key in ends):
                return None
            return f"any application of {grant.principal} may assume it", 10
        _, oidc, provider = grant.principal.partition(":oidc-provider/")
        if not oidc or _names_one(grant.condition, f"{provider.lower()}:sub"):
            return None
        return f"any identity of {provider} may assume it", 10


class ConfusableTrust(_Trust):
    """IAM-17: a service may be made to act on behalf of another's resources."""

    slug = "IAM-17"
    label = "Service trusted without saying on whose behalf"
    score = 3
    risk = "Somebody else's resource may have the service act with this role (confused deputy)."
    remedy = "Add a condition on aws:SourceAccount or aws:SourceArn."

    @classmethod
    def wrong(cls, item: Item, grant: Grant) -> tuple[str, int] | None:
        """Of services that support it; the trust of a service-linked role nobody can change."""
        if grant.principal not in CONFUSABLE or is_service_linked(item):
            return None
        if any(key in _SOURCES for key, _ in grant.narrowed_by):
            return None
        return f"{grant.principal} may assume it on anybody's behalf", 3


class DanglingPrincipal(Auditor):
    """IAM-18: a policy names somebody who is no more."""

    slug = "IAM-18"
    label = "Policy for a principal that is no more"
    technologies = (
        ROLE, "aws.s3.bucket", "aws.kms.key", "aws.sns.topic", "aws.sqs.queue",
        "aws.lambda.function", "aws.ec2.vpcendpoint",
    )  # fmt: skip
    reads = ("trust", "policy")
    score = 2
    risk = "Nobody can say whom it was for, and why."
    remedy = "Take the principal out of the policy."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """Of the trust of a role, and of the policy of all others."""
        policy = item.config.get("trust" if item.technology == ROLE else "policy")
        yield from exposure_issues(policy, world, {DANGLING: 2})


def _names_one(condition: Mapping[str, Any], key: str) -> bool:
    """Whether the condition asks for values of the key that name somebody."""
    values = narrowing_values(condition, key)
    return bool(values) and not any(_is_open(value) for value in values)


def _is_open(value: str) -> bool:
    """Such as `*`, `repo:*` or `arn:aws:*:*:*:*`: it begins with a wildcard, or a word and one."""
    first, _, rest = value.partition(":")
    return (
        not value
        or first.startswith(("*", "?"))
        or (rest.startswith(("*", "?")) and first in ("repo", "arn"))
    )

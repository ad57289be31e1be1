"""Checks of what IAM's policies allow: by principal what they add up to, by policy what is
written."""

from collections.abc import Iterator
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.iam_rights import (
    ADMINISTRATOR,
    GROUP,
    POLICY,
    ROLE,
    USER,
    Rights,
    Source,
    documents_of,
    is_aws_policy,
    label_of,
    rights_of,
)
from security.policies.actions import is_any_of_kind, is_everything
from security.policies.effective import Effective, Rule, read_policy
from security.policies.exposure import statement_name

# What lets a principal give itself other rights. Source: "Privilege escalation" in the survey of
# Rhino Security Labs (2018), and AWS's own "Permissions required to pass a role".
_ALONE = (
    "CreatePolicyVersion", "SetDefaultPolicyVersion", "AttachUserPolicy", "AttachRolePolicy",
    "AttachGroupPolicy", "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy", "CreateAccessKey",
    "CreateLoginProfile", "UpdateLoginProfile", "AddUserToGroup", "UpdateAssumeRolePolicy",
)  # fmt: skip
# With iam:PassRole to that service.
_WITH_ROLE = (
    ("ec2.amazonaws.com", ("ec2:RunInstances",)),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    ("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    ("ecs-tasks.amazonaws.com", ("ecs:RunTask",)),
    ("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance",)),
)


class _Principal(Auditor):
    """Base of what is asked of all that a role or user may do."""

    technologies = (ROLE, USER)
    reads = ("inline", "attached", "groups", "boundary")
    follows = (POLICY, GROUP)

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is established by what is known; where something is not, also undecided."""
        rights = rights_of(item, world)
        if rights.boundary_missing:
            yield Undecided(f"the boundary {item.config['boundary']} could not be read")
            return
        for issue in cls.issues(rights):
            evidence = {"policies": [str(source) for source in rights.sources], **issue.evidence}
            if rights.missing:
                evidence["not_known"] = rights.missing
            yield Issue(issue.summary + label_of(item), issue.subject, issue.score, evidence)
        problems = rights.missing or rights.effective().problems
        if problems:
            yield Undecided(f"what it may do is not known: {problems[0]}")

    @classmethod
    def issues(cls, rights: Rights) -> Iterator[Issue]:
        """What is wrong with these rights."""
        raise NotImplementedError


class Administrator(_Principal):
    """IAM-08: everything is allowed."""

    slug = "IAM-08"
    label = "All actions allowed on all resources"
    score = 10
    compliance = ("CIS 2.15",)
    risk = "Whoever gets at it has the whole account."
    remedy = "Name the actions that are needed, or set a permissions boundary."

    @classmethod
    def issues(cls, rights: Rights) -> Iterator[Issue]:
        """One for policies of ours, one for AWS's AdministratorAccess."""
        if rights.effective(without=ADMINISTRATOR).allows_all():
            yield Issue("may do everything", "all", 10)
        given = [source for source in rights.sources if is_aws_policy(source.name, ADMINISTRATOR)]
        if given and rights.effective().allows_all():
            yield Issue(f"may do everything by {given[0]}", ADMINISTRATOR, 8)


class AdministratorOfIam(_Principal):
    """IAM-09: all of IAM is allowed, by which all else can be had."""

    slug = "IAM-09"
    label = "All of IAM allowed on all resources"
    score = 10
    risk = "Whoever may do all in IAM can give himself everything."
    remedy = "Name the actions that are needed, and the paths of the roles they are for."

    @classmethod
    def issues(cls, rights: Rights) -> Iterator[Issue]:
        """Not where everything is allowed anyway."""
        effective = rights.effective()
        if effective.allows_all("iam") and not effective.allows_all():
            yield Issue("may do everything in IAM", "iam:*")


class Escalation(_Principal):
    """IAM-10: what is allowed is enough to get more."""

    slug = "IAM-10"
    label = "Rights that lead to more rights"
    score = 9
    risk = "The principal can give itself, or take on, rights it was not given."
    remedy = "Name the resources, or ask for a permissions boundary on what is made."

    @classmethod
    def issues(cls, rights: Rights) -> Iterator[Issue]:
        """One for each way; one for all where all of IAM is allowed."""
        effective = rights.effective()
        if effective.allows_all("iam"):
            yield Issue("may give itself any rights, since all of IAM is allowed", "iam:*")
            return
        for actions in _ways(effective):
            yield Issue(f"may get more rights by {' with '.join(actions)}", "+".join(actions))


def _ways(effective: Effective) -> Iterator[tuple[str, ...]]:
    for name in _ALONE:
        if effective.allows(f"iam:{name}", is_any_of_kind):
            yield (f"iam:{name}",)
    for service, actions in _WITH_ROLE:
        if effective.allows("iam:PassRole", is_any_of_kind, passed_to=service) and all(
            effective.allows(action, is_any_of_kind) for action in actions
        ):
            yield ("iam:PassRole", *actions)


class _Written(Auditor):
    """Base of what is asked of each statement, where it is written."""

    technologies = (ROLE, USER, GROUP, POLICY)
    reads = ("inline", "document")

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each statement of that kind; the subject is the policy and what it says."""
        seen: set[str] = set()
        for source in documents_of(item):
            policy = read_policy(source.document)
            for problem in policy.problems:
                yield Undecided(f"{source.name} cannot be read: {problem}")
            for rule in policy.allowed:
                if not cls.is_wrong(rule) or (subject := cls.subject(source, rule)) in seen:
                    continue
                seen.add(subject)
                yield Issue(
                    f"{source.name} {cls.words}{label_of(item)}",
                    subject,
                    evidence={
                        "statement": statement_name(rule.statement.row),
                        **_said(rule.statement.row),
                    },
                )

    words = ""

    @classmethod
    def is_wrong(cls, rule: Rule) -> bool:
        """Whether the statement is one of these; it allows."""
        raise NotImplementedError

    @classmethod
    def subject(cls, source: Source, rule: Rule) -> str:
        """What the statement is recognised by, whatever its Sid."""
        return source.name


class PassAnyRole(_Written):
    """IAM-11: any role may be passed to any service."""

    slug = "IAM-11"
    label = "Any role may be passed to any service"
    score = 7
    risk = "By a service, the holder acts as any role of the account."
    remedy = "Name the roles, and the services in a condition on iam:PassedToService."
    words = "allows iam:PassRole on all roles to all services"

    @classmethod
    def is_wrong(cls, rule: Rule) -> bool:
        """By name or by a pattern."""
        wide = any(map(is_everything, rule.statement.resources)) or rule.statement.not_resources
        return bool(wide) and rule.names("iam:passrole") and rule.passes_to("")


class AllBut(_Written):
    """IAM-12: what is allowed is said by what is not."""

    slug = "IAM-12"
    label = "Everything allowed but what is named"
    score = 6
    risk = "Whatever AWS adds, and whatever was forgotten, is allowed."
    remedy = "Name what is allowed; deny the rest by a statement of its own."
    words = "allows everything but what it names"

    @classmethod
    def is_wrong(cls, rule: Rule) -> bool:
        """NotAction on all resources, or NotResource."""
        row = rule.statement
        everywhere = any(map(is_everything, row.resources))
        return bool(row.not_resources or (row.not_actions and everywhere))

    @classmethod
    def subject(cls, source: Source, rule: Rule) -> str:
        """With what it leaves out: another hole is another finding."""
        row = rule.statement
        return f"{source.name}/{statement_name(_said({**row.row, 'Sid': ''}))}"


def _said(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("Sid", "Effect")}

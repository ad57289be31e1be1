"""What rebooting and terminating an EC2 instance have in common: finding it, and all brakes."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)
from django.conf import settings

from alerts.remediations.aws import ACCOUNT, REGION, Account, open_account
from alerts.remediations.groups import check_group, group_of
from alerts.remediations.parameters import clean_parameters
from opsportal.safety.limits import Number
from opsportal.safety.plugins import (
    Call,
    CallFailedError,
    CallUnknownError,
    Check,
    Executor,
    Plan,
    RefusedError,
    Request,
    Target,
)

OPT_IN, PROTECTED = "opsportal:remediate", "opsportal:protected"
_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_ARN = re.compile(r"arn:aws[a-z-]*:ec2:([a-z0-9-]+):(\d{12}):instance/(i-[0-9a-f]{8,17})", re.ASCII)
_LABELS = ("instance_id", "instance")
# Never reached the other side.
_UNSENT = (ConnectTimeoutError, EndpointConnectionError)
_OWN = {"min_healthy": Number(default=1, most=1000, least=0)}


def _complaint_of_region(value: object) -> str:
    right = isinstance(value, str) and REGION.fullmatch(value)
    return "" if right else "a region such as eu-west-1"


def _complaint_of_account(value: object) -> str:
    right = isinstance(value, str) and ACCOUNT.fullmatch(value)
    return "" if right else "an account's twelve digits, as a text"


class Ec2Executor(Executor):
    """Base of what acts on one instance."""

    # The value of the opt-in tag, beside `all`; and what is called.
    consent: ClassVar[str]
    method: ClassVar[str]

    @classmethod
    def clean(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Limits, `min_healthy`, `region` and `account`."""
        texts = {"region": _complaint_of_region, "account": _complaint_of_account}
        return clean_parameters(parameters, texts, _OWN)

    @classmethod
    def plan(cls, request: Request) -> Plan:
        """One instance, one call. Raises RefusedError."""
        instance, region, number = find_instance(request.facts, request.parameters)
        account = open_account(number, region)
        described = describe_instance(account, instance)
        target = Target(
            key=f"ec2:{account.number}:{region}:{instance}",
            name=f"{instance} in {region}",
            fleet="ec2",
            pool=f"ec2:{account.number}:{region}",
            pool_size=_count_running(account),
            group=group_of(account, described),
            facts={"instance": instance, "region": region, "account": account.number},
        )
        return Plan((target,), (Call(target.key, cls.method, {"InstanceIds": [instance]}),))

    @classmethod
    def check(cls, target: Target, parameters: Mapping[str, Any]) -> list[Check]:
        """Every brake, on the instance as it is now."""
        account = account_of(target)
        described = describe_instance(account, target.facts["instance"])
        state = described["State"]["Name"]
        tags = tags_of(described)
        consent = tags.get(OPT_IN, "")
        group = group_of(account, described)
        least = _OWN["min_healthy"].read(parameters.get("min_healthy", 1))
        return [
            Check(
                "account and region",
                passed=True,
                detail=f"{account.number}, {target.facts['region']}",
            ),
            Check("not protected", PROTECTED not in tags, f"the tag {PROTECTED}"),
            Check(
                "opted in",
                consent in (cls.consent, "all"),
                f"the tag {OPT_IN} is {consent!r}; {cls.consent!r} or 'all' is needed",
            ),
            Check("running", state == "running", f"the instance is {state}"),
            Check("still the same group", group == target.group, group or "no group"),
            check_group(account, described, least),
        ]

    @classmethod
    def call(cls, call: Call, target: Target, *, idempotency_key: str) -> str:
        """Send it once."""
        if call.name != cls.method or call.arguments != {"InstanceIds": [target.facts["instance"]]}:
            raise CallFailedError(f"{cls.slug} does not call {call.name} with {call.arguments}")
        client = account_of(target).act("ec2")
        try:
            return cls.send(client, target.facts["instance"])
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if 400 <= status < 500:
                raise CallFailedError(str(error)) from error
            raise CallUnknownError(str(error)) from error
        except _UNSENT as error:
            raise CallFailedError(str(error)) from error
        except BotoCoreError as error:
            raise CallUnknownError(str(error)) from error

    @classmethod
    def send(cls, client: Any, instance: str) -> str:
        """The call that changes something; the answer as text."""
        raise NotImplementedError


def account_of(target: Target) -> Account:
    """Allowed still, whatever it was when planned."""
    return open_account(str(target.facts["account"]), str(target.facts["region"]))


def find_instance(facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, str, str]:
    """Instance, region and account that the alert is about. Raises RefusedError."""
    labels = facts.get("labels", {})
    named = [str(facts.get("resource", "")), *(str(labels.get(name, "")) for name in _LABELS)]
    found, regions, accounts = set(), [], []
    for text in named:
        if arn := _ARN.fullmatch(text):
            regions.append(arn[1])
            accounts.append(arn[2])
            found.add(arn[3])
        elif _ID.fullmatch(text):
            found.add(text)
    if len(found) != 1:
        which = f"several instances: {', '.join(sorted(found))}" if found else "no instance"
        raise RefusedError(
            f"the alert names {which}; its resource or the label instance_id or instance must hold "
            "one id such as i-0123456789abcdef0"
        )
    instance = found.pop()
    if not _ID.fullmatch(instance):
        raise RefusedError(f"{instance!r} is no instance's id")
    regions += [facts.get("region", ""), labels.get("region", ""), parameters.get("region", "")]
    accounts += [labels.get("account_id", ""), parameters.get("account", "")]
    region = _the_one("region", regions)
    if not region and len(settings.REMEDIATE_REGIONS) == 1:
        region = settings.REMEDIATE_REGIONS[0]
    if not region:
        raise RefusedError("neither the alert nor the rule says in which region the instance is")
    if not REGION.fullmatch(region):
        raise RefusedError(f"{region!r} is no region")
    number = _the_one("account", accounts)
    if number and not ACCOUNT.fullmatch(number):
        raise RefusedError(f"{number!r} is no account")
    return instance, region, number


def _the_one(noun: str, values: list[Any]) -> str:
    found = {str(value) for value in values if value}
    if len(found) > 1:
        raise RefusedError(f"the alert and the rule name several {noun}s: {sorted(found)}")
    return found.pop() if found else ""


def describe_instance(account: Account, instance: str) -> dict[str, Any]:
    """The instance as AWS describes it. Raises RefusedError when it is not there."""
    try:
        answer = account.look("ec2").describe_instances(InstanceIds=[instance])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "InvalidInstanceID.NotFound":
            raise RefusedError(f"there is no instance {instance} in {account.region}") from error
        raise
    found = [
        described
        for reservation in answer["Reservations"]
        if reservation.get("OwnerId") == account.number
        for described in reservation["Instances"]
        if described["InstanceId"] == instance
    ]
    if len(found) != 1:
        raise RefusedError(f"account {account.number} has no instance {instance}")
    described: dict[str, Any] = found[0]
    return described


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """Its tags by name."""
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}


def _count_running(account: Account) -> int:
    pages = account.look("ec2").get_paginator("describe_instances")
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    return sum(
        len(reservation["Instances"])
        for page in pages.paginate(Filters=running, PaginationConfig={"PageSize": 1000})
        for reservation in page["Reservations"]
    )

"""What happens in the demo's accounts, and what CloudTrail would say of it."""

import uuid
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from opsportal.lib.aws.here import is_here
from opsportal.lib.times import format_instant
from opsportal.runtime.demo import Stage
from security.demo.clouds import (
    ANYBODY,
    EXTERNAL_ID,
    MAIN,
    OTHER,
    ROLE,
    DemoAccount,
)

_REGION = "us-east-1"
_CONSOLE = "Mozilla/5.0 (X11; Linux x86_64) signin.amazonaws.com"
_TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)"
_PAUSE = 25.0
_CONFIGURATION = """
cloud_accounts:
  - name: acme main
    account: "{main}"
    regions: [{region}]
    team: platform
    trail_queue: "{queue}"
    note: of the demo
  - name: acme copies
    account: "{other}"
    role: {role}
    external_id: {external_id}
    regions: [{region}]
    team: payments
    note: of the demo
  - name: auditors
    account: "555555555555"
    kind: thirdparty
"""


class SecurityDemo:
    """People open what should be closed; somebody closes it again."""

    slug = "security"

    def __init__(self) -> None:
        self._main: DemoAccount | None = None
        self._other: DemoAccount | None = None

    def configuration(self, stage: Stage) -> str:
        """Both accounts, and a third that policies may name."""
        if not is_here(_REGION):
            return ""
        self._main, self._other = DemoAccount(MAIN, _REGION), DemoAccount(OTHER, _REGION)
        for account in (self._main, self._other):
            account.fill()
        self._main.watch()
        return _CONFIGURATION.format(
            main=MAIN, other=OTHER, region=_REGION, role=ROLE, external_id=EXTERNAL_ID,
            queue=self._main.queue_url,
        )  # fmt: skip

    def play(self, stage: Stage) -> Iterator[float]:
        """Over and over."""
        while stage.behind:
            yield 60.0
        if self._main is None or self._other is None:
            return
        yield 30.0
        for number in count(4821):
            yield from self._once(stage, self._main, self._other, f"deploy-{number}")

    def _once(
        self, stage: Stage, main: DemoAccount, other: DemoAccount, deployment: str
    ) -> Iterator[float]:
        by_console = Teller(stage, main, "alice", _CONSOLE)
        by_terraform = Teller(stage, main, deployment, _TERRAFORM)
        tell = stage.tell
        tell("cloud        alice opens SSH of the bastion to the world, in the console")
        by_console.ec2("AuthorizeSecurityGroupIngress", main.allow("bastion", 22, ANYBODY, "temp"))
        yield _PAUSE
        tell(f"cloud        terraform lets the load balancers reach the shop ({deployment})")
        stage.request("POST", "/api/v1/events", _deployed(stage, deployment))
        by_terraform.ec2("AuthorizeSecurityGroupIngress", main.allow("web", 8443, "10.1.0.0/16"))
        yield _PAUSE
        tell("cloud        alice takes the block of public access off a bucket, and publishes it")
        by_console.s3("DeleteBucketPublicAccessBlock", main.block_public(False))
        by_console.s3("PutBucketPolicy", main.publish(True))
        yield _PAUSE
        tell("cloud        the shop's role may do everything: a quick fix")
        by_console.iam("PutRolePolicy", main.let_role(True))
        yield _PAUSE
        tell("cloud        in the other account a database is opened; no event announces it")
        other.allow("database", 5432, ANYBODY, "debugging")
        yield _PAUSE
        tell("cloud        half of the internet becomes an office")
        by_console.ec2("ModifyManagedPrefixList", main.list_network("0.0.0.0/1", True))
        yield _PAUSE * 3
        tell("cloud        terraform sets everything right again")
        by_terraform.ec2("RevokeSecurityGroupIngress", main.refuse("bastion", 22, ANYBODY))
        by_terraform.ec2("RevokeSecurityGroupIngress", main.refuse("web", 8443, "10.1.0.0/16"))
        by_terraform.ec2("ModifyManagedPrefixList", main.list_network("0.0.0.0/1", False))
        by_terraform.s3("DeleteBucketPolicy", main.publish(False))
        by_terraform.s3("PutBucketPublicAccessBlock", main.block_public(True))
        by_terraform.iam("DeleteRolePolicy", main.let_role(False))
        other.refuse("database", 5432, ANYBODY)
        yield 600.0


def _deployed(stage: Stage, deployment: str) -> dict[str, Any]:
    """The deployment that terraform's session is named after."""
    return {
        "kind": "deployment",
        "title": f"Deploy the network of the shop, {deployment}",
        "service": "network",
        "environment": "production",
        "actor": "mika",
        "source": "demo",
        "external_id": deployment,
        "started_at": format_instant(stage.instant()),
    }


class Teller:
    """CloudTrail's words for what somebody did."""

    def __init__(self, stage: Stage, account: DemoAccount, who: str, agent: str) -> None:
        self._stage, self._account, self._who, self._agent = stage, account, who, agent
        self.ec2 = self._of("ec2")
        self.s3 = self._of("s3")
        self.iam = self._of("iam")

    def _of(self, service: str) -> Callable[[str, dict[str, Any]], None]:
        return lambda name, request: self._account.tell(self._event(service, name, request))

    def _event(self, service: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """As EventBridge passes it on."""
        at = format_instant(self._stage.instant())
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "AWS API Call via CloudTrail",
            "source": f"aws.{service}",
            "account": self._account.number,
            "time": at,
            "region": self._account.region,
            "resources": [],
            "detail": {
                "eventVersion": "1.09",
                "eventID": str(uuid.uuid4()),
                "eventTime": at,
                "eventSource": f"{service}.amazonaws.com",
                "eventName": name,
                "awsRegion": self._account.region,
                "sourceIPAddress": "203.0.113.7",
                "userAgent": self._agent,
                "userIdentity": self._identity(),
                "requestParameters": request,
                "responseElements": {"_return": True},
                "recipientAccountId": self._account.number,
                "readOnly": False,
                "eventType": "AwsApiCall",
                "managementEvent": True,
            },
        }

    def _identity(self) -> dict[str, Any]:
        number = self._account.number
        if self._agent == _CONSOLE:
            return {
                "type": "IAMUser",
                "userName": self._who,
                "arn": f"arn:aws:iam::{number}:user/{self._who}",
                "accountId": number,
                "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
            }
        role = f"arn:aws:iam::{number}:role/terraform"
        return {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{number}:assumed-role/terraform/{self._who}",
            "accountId": number,
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": role, "userName": "terraform"},
                "attributes": {"mfaAuthenticated": "false"},
            },
        }

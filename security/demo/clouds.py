"""The demo's two accounts: what is in them, and what is done to them.

They lie in the cloud that the demo starts on this machine (`alerts/demo/cloud.py`): moto's server,
which speaks AWS's API. Nothing here is called unless AWS_ENDPOINT_URL is of this machine.
"""

import json
from typing import Any

import boto3

MAIN, OTHER = "123456789012", "210987654321"
ROLE, EXTERNAL_ID = "opsportal-security", "demo-external-id"
BUCKET, QUEUE = "acme-invoices", "opsportal-trail"
ANYBODY = "0.0.0.0/0"


class DemoAccount:
    """One account, as its own people change it."""

    def __init__(self, number: str, region: str) -> None:
        self.number, self.region = number, region
        given = {}
        if number != MAIN:
            answer = boto3.client("sts", region_name=region).assume_role(
                RoleArn=f"arn:aws:iam::{number}:role/admin", RoleSessionName="demo"
            )["Credentials"]
            given = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
        self._session = boto3.session.Session(region_name=region, **given)
        self.groups: dict[str, str] = {}
        self.prefix_list = self.bucket = self.queue_url = ""

    def client(self, service: str) -> Any:
        """A client of theirs."""
        return self._session.client(service)

    def fill(self) -> None:
        """Groups with their interfaces, a prefix list, roles, a bucket, and a queue."""
        ec2 = self.client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.prefix_list = ec2.create_managed_prefix_list(
            PrefixListName="offices",
            MaxEntries=10,
            AddressFamily="IPv4",
            Entries=[{"Cidr": "198.51.100.0/24", "Description": "Berlin"}],
        )["PrefixList"]["PrefixListId"]
        for name, about in (("web", "the shop"), ("bastion", "the way in"), ("database", "ledger")):
            self.groups[name] = ec2.create_security_group(
                GroupName=name, Description=about, VpcId=vpc
            )["GroupId"]
        self.allow("web", 443, ANYBODY, "everybody shops")
        self.allow("database", 5432, "10.0.0.0/8", "the services")
        ec2.authorize_security_group_ingress(
            GroupId=self.groups["bastion"],
            IpPermissions=[
                {
                    "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                    "PrefixListIds": [{"PrefixListId": self.prefix_list}],
                }
            ],
        )  # fmt: skip
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        for name in ("web", "bastion"):
            ec2.create_network_interface(
                SubnetId=subnet, Groups=[self.groups[name]], Description=f"{name} of the demo"
            )
        self._fill_iam()
        # A bucket's name is one in the world, or it is another account's.
        self.bucket = BUCKET if self.number == MAIN else f"{BUCKET}-copies"
        self.client("s3").create_bucket(Bucket=self.bucket)
        self.block_public(True)

    def _fill_iam(self) -> None:
        iam = self.client("iam")
        trust = _policy({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
        iam.create_role(RoleName="shop", AssumeRolePolicyDocument=trust)
        reads = _policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-invoices/*"})
        made = iam.create_policy(PolicyName="read-invoices", PolicyDocument=reads)["Policy"]
        iam.attach_role_policy(RoleName="shop", PolicyArn=made["Arn"])
        self.policy_arn = made["Arn"]

    def watch(self) -> None:
        """A queue to which CloudTrail's events would be sent."""
        self.queue_url = self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]

    def tell(self, event: dict[str, Any]) -> None:
        """What EventBridge would put there."""
        self.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(event))

    def allow(self, group: str, port: int, cidr: str, why: str = "") -> dict[str, Any]:
        """Let a network in; what CloudTrail would say of the request."""
        self.client("ec2").authorize_security_group_ingress(
            GroupId=self.groups[group], IpPermissions=[_permission(port, cidr, why)]
        )
        return {"groupId": self.groups[group]}

    def refuse(self, group: str, port: int, cidr: str) -> dict[str, Any]:
        """Let it in no longer."""
        self.client("ec2").revoke_security_group_ingress(
            GroupId=self.groups[group], IpPermissions=[_permission(port, cidr, "")]
        )
        return {"groupId": self.groups[group]}

    def list_network(self, cidr: str, listed: bool) -> dict[str, Any]:
        """Put a network on the list of offices, or take it off."""
        ec2 = self.client("ec2")
        (known,) = ec2.describe_managed_prefix_lists(PrefixListIds=[self.prefix_list])[
            "PrefixLists"
        ]
        change = (
            {"AddEntries": [{"Cidr": cidr, "Description": "home"}]}
            if listed
            else {"RemoveEntries": [{"Cidr": cidr}]}
        )
        ec2.modify_managed_prefix_list(
            PrefixListId=self.prefix_list,
            PrefixListName=known["PrefixListName"],
            CurrentVersion=known["Version"],
            **change,
        )
        return {"ModifyManagedPrefixListRequest": {"PrefixListId": self.prefix_list}}

    def block_public(self, blocked: bool) -> dict[str, Any]:
        """The bucket's block of public access."""
        s3 = self.client("s3")
        if blocked:
            names = (
                "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets",
            )  # fmt: skip
            s3.put_public_access_block(
                Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True)
            )
        else:
            s3.delete_public_access_block(Bucket=self.bucket)
        return {"bucketName": self.bucket}

    def publish(self, public: bool) -> dict[str, Any]:
        """Everybody may read the bucket, or nobody else."""
        s3 = self.client("s3")
        if public:
            objects = f"arn:aws:s3:::{self.bucket}/*"
            allow = {"Principal": "*", "Action": "s3:GetObject", "Resource": objects}
            s3.put_bucket_policy(Bucket=self.bucket, Policy=_policy(allow))
        else:
            s3.delete_bucket_policy(Bucket=self.bucket)
        return {"bucketName": self.bucket}

    def let_role(self, everything: bool) -> dict[str, Any]:
        """The shop's role may do everything, or no longer."""
        iam = self.client("iam")
        if everything:
            policy = _policy({"Action": "*", "Resource": "*"})
            iam.put_role_policy(RoleName="shop", PolicyName="quick-fix", PolicyDocument=policy)
        else:
            iam.delete_role_policy(RoleName="shop", PolicyName="quick-fix")
        return {"roleName": "shop", "policyName": "quick-fix"}


def _permission(port: int, cidr: str, why: str) -> dict[str, Any]:
    network = {"CidrIp": cidr, "Description": why} if why else {"CidrIp": cidr}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [network]}


def _policy(allowed: dict[str, Any]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}
    )  # fmt: skip

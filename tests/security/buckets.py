"""Buckets in the cloud of the tests."""

import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import boto3

from tests.alerts.moto import ACCOUNT, REGION, Cloud

BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def make_bucket(cloud: Cloud, name: str, region: str = REGION) -> str:
    """A bucket as moto makes it: without any block, encryption or ownership."""
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    options = {} if region == "us-east-1" else where
    cloud.client("s3", region).create_bucket(Bucket=name, **options)
    return name


def statement(name: str, **fields: Any) -> dict[str, Any]:
    """A statement that lets anybody read the bucket, unless the fields say otherwise."""
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        **fields,
    }


def put_policy(cloud: Cloud, name: str, *statements: dict[str, Any]) -> None:
    """The bucket's policy."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    cloud.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(policy))


def put_account_block(cloud: Cloud, **fields: bool) -> None:
    """The account's block of public access."""
    _control(cloud.url).put_public_access_block(
        AccountId=ACCOUNT, PublicAccessBlockConfiguration={**BLOCK, **fields}
    )


@cache
def _control(url: str) -> Any:
    client = boto3.client(
        "s3control",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.meta.events.register("before-call.s3-control", _without_account)
    return client


def _without_account(params: dict[str, Any], **_: Any) -> None:
    parts = urlsplit(params["url"])
    params["url"] = urlunsplit(parts._replace(netloc=parts.netloc.removeprefix(f"{ACCOUNT}.")))

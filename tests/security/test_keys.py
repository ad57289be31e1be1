"""KMS keys: what a customer decides of them, and what services do to them all day."""

import json

import pytest

from opsportal.lib.aws import Gone, Unknown
from opsportal.lib.aws.access import Access
from security.collectors.kms_keys import Keys
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.denials import deny
from tests.security.reading import access, config_of, listed

ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def make_key(cloud, **options):
    return cloud.client("kms").create_key(**options)["KeyMetadata"]["KeyId"]


def test_a_key_with_its_policy_aliases_rotation_grants_and_tags(cloud):
    kms = cloud.client("kms")
    key = make_key(cloud, Description="data", Tags=[{"TagKey": "env", "TagValue": "prod"}])
    kms.create_alias(AliasName="alias/data", TargetKeyId=key)
    kms.create_grant(KeyId=key, GranteePrincipal=ROLE, Operations=["Encrypt", "Decrypt"])
    config = config_of(Keys, key)
    assert config["key"]["manager"] == "CUSTOMER"
    assert config["key"]["state"] == "Enabled"
    assert config["aliases"] == ["alias/data"]
    assert config["rotation"] == {"enabled": False, "period_days": None}
    assert config["policy"]["Statement"][0]["Action"] == ["kms:*"]
    (grant,) = config["grants"]
    assert (grant["grantee"], grant["operations"]) == (ROLE, ["Decrypt", "Encrypt"])
    found = listed(Keys)[key]
    assert (found.name, found.tags) == ("alias/data", {"env": "prod"})
    assert found.arn == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"


def test_rotation_is_none_where_it_does_not_apply(cloud):
    key = make_key(cloud, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert config_of(Keys, key)["rotation"] is None


def test_the_day_of_a_deletion_is_kept(cloud):
    key = make_key(cloud)
    cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    config = config_of(Keys, key)["key"]
    assert config["state"] == "PendingDeletion"
    assert config["deletion_date"].endswith("Z")


def test_grants_that_services_make_are_left_out(cloud, monkeypatch):
    rows = [
        {"GranteePrincipal": ROLE, "Operations": ["Decrypt"]},
        {"GranteePrincipal": "rds.eu-west-1.amazonaws.com", "Operations": ["Decrypt"]},
        {"GranteePrincipal": f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-1"},
        {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/y"},
        {"GranteeServicePrincipal": "backup.amazonaws.com"},
    ]
    ask = Access.rows

    def answer(self, service, operation, key, **options):
        if operation == "list_grants":
            return iter(rows)
        return ask(self, service, operation, key, **options)

    monkeypatch.setattr(Access, "rows", answer)
    grants = Keys.fetch(access(), make_key(cloud)).config["grants"]
    assert [grant["grantee"] for grant in grants] == [ROLE]


def test_a_key_of_amazons_has_no_grants_or_rotation_of_the_customers(cloud, monkeypatch):
    key = make_key(cloud)
    kms = access().client("kms")
    about = {**kms.describe_key(KeyId=key)["KeyMetadata"], "KeyManager": "AWS"}
    monkeypatch.setattr(kms, "describe_key", lambda **_: {"KeyMetadata": about})
    config = Keys.fetch(access(), key).config
    assert (config["rotation"], config["grants"], config["tags"]) == (None, None, {})


def test_a_key_that_cannot_be_described_is_unknown_and_its_policy_is_read(cloud, monkeypatch):
    key = make_key(cloud)
    deny(monkeypatch, "DescribeKey")
    config = listed(Keys)[key].config
    assert isinstance(config["key"], Unknown)
    assert isinstance(config["rotation"], Unknown)
    assert json.loads(config["policy"])["Statement"]


def test_a_key_is_found_by_its_arn_and_one_that_is_not_there_is_gone(cloud):
    key = make_key(cloud)
    assert Keys.resource_of(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}") == key
    assert Keys.resource_of(f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/team/data") == ""
    with pytest.raises(Gone):
        Keys.fetch(access(), "11111111-1111-1111-1111-111111111111")

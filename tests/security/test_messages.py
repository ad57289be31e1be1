"""Topics, queues, functions, repositories and secrets: their policies and how they are set up."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest

from opsportal.lib.aws import Gone, Unknown
from security.collectors.ecr_repositories import Repositories
from security.collectors.lambda_functions import Functions
from security.collectors.secretsmanager_secrets import Secrets
from security.collectors.sns_topics import Topics
from security.collectors.sqs_queues import Queues
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.denials import deny
from tests.security.reading import access, config_of, listed, settled

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    ],
}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"


def make_queue(cloud, **attributes):
    sqs = cloud.client("sqs")
    return sqs.create_queue(QueueName="jobs", Attributes=attributes, tags={"env": "prod"})


def make_function(cloud, name="work", **options):
    code = BytesIO()
    with ZipFile(code, "w") as file:
        file.writestr("it.py", "")
    trust = {**POLICY["Statement"][0], "Action": "sts:AssumeRole"}
    del trust["Resource"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = cloud.client("iam")
    role = iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=document)["Role"]
    return cloud.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=role["Arn"], Handler="it.run",
        Code={"ZipFile": code.getvalue()}, Tags={"env": "prod"}, Publish=True, **options,
    )  # fmt: skip


def test_a_topic_with_its_policy_and_who_subscribes(cloud):
    sns = cloud.client("sns")
    sns.create_topic(Name="news", Tags=[{"Key": "env", "Value": "prod"}])
    for protocol, endpoint in (("sqs", QUEUE), ("email", "ops@example.com")):
        sns.subscribe(TopicArn=TOPIC, Protocol=protocol, Endpoint=endpoint)
    config = config_of(Topics, TOPIC)
    (statement,) = config["policy"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:sourceowner": [ACCOUNT]}}
    assert {row["endpoint"] for row in config["subscriptions"]} == {QUEUE, "ops@example.com"}
    assert not [name for name in config["settings"] if name.startswith("subscriptions")]
    assert listed(Topics)[TOPIC].tags == {"env": "prod"}
    assert {tuple(link) for link in Topics.links(config)} == {("tells", "jobs")}
    assert Topics.resource_of(f"{TOPIC}:1234") == TOPIC
    with pytest.raises(Gone):
        Topics.fetch(access(), f"{TOPIC}x")


def test_of_an_address_of_the_web_only_the_host_is_kept_in_clear(cloud):
    sns = cloud.client("sns")
    sns.create_topic(Name="news")
    address = "https://user:hunter2@hooks.example.com/services/T0/s3cret?key=s3cret"
    sns.subscribe(TopicArn=TOPIC, Protocol="https", Endpoint=address)
    (row,) = config_of(Topics, TOPIC)["subscriptions"]
    assert row["endpoint"] == "https://hooks.example.com"
    assert row["address"].startswith("hmac-sha256:")
    assert not [secret for secret in ("s3cret", "hunter2") if secret in str(row)]


def test_subscriptions_of_all_topics_are_one_listing(cloud):
    for name in ("news", "other", "third"):
        cloud.client("sns").create_topic(Name=name)
    before = cloud.asked("ListSubscriptions")
    listed(Topics)
    assert cloud.asked("ListSubscriptions") == before + 1


def test_a_queue_without_what_changes_by_itself(cloud):
    make_queue(cloud, Policy=json.dumps(POLICY))
    config = config_of(Queues, "jobs")
    assert config["policy"]["Statement"][0]["Sid"] == "all"
    assert config["settings"]["visibility_timeout"] == "30"
    assert not [name for name in config["settings"] if "approximate" in name or "stamp" in name]
    found = listed(Queues)["jobs"]
    assert (found.arn, found.tags) == (QUEUE, {"env": "prod"})
    assert Queues.resource_of(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs") == "jobs"
    with pytest.raises(Gone):
        Queues.fetch(access(), "none")


def test_a_function_with_its_environment_as_hashes_and_without_its_code(cloud):
    made = make_function(cloud, Environment={"Variables": {"PASSWORD": "hunter2"}})
    config = config_of(Functions, "work")
    assert config["environment"]["PASSWORD"].startswith("hmac-sha256:")
    assert "hunter2" not in str(config)
    assert made["CodeSha256"] not in str(config)
    assert (config["policy"], config["url"], config["aliases"]) == (None, None, [])
    assert listed(Functions)["work"].tags == {"env": "prod"}
    assert {tuple(link) for link in Functions.links(config)} == {("role", "work-role")}


def test_a_function_with_a_policy_a_url_and_an_alias(cloud):
    make_function(cloud)
    client = cloud.client("lambda")
    permission = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    client.add_permission(FunctionName="work", StatementId="s3", **permission)
    client.create_function_url_config(FunctionName="work", AuthType="NONE")
    client.create_alias(FunctionName="work", Name="live", FunctionVersion="1")
    config = config_of(Functions, "work")
    assert config["policy"]["Statement"][0]["Principal"] == {"Service": ["s3.amazonaws.com"]}
    assert config["url"]["auth"] == "NONE"
    (alias,) = config["aliases"]
    # moto gives an alias the policy and the URL of its function.
    assert (alias["name"], alias["version"], alias["url"]["auth"]) == ("live", "1", "NONE")


def test_what_is_refused_of_a_function_is_unknown_and_not_absent(cloud, monkeypatch):
    make_function(cloud)
    deny(monkeypatch, "GetPolicy", "GetFunctionUrlConfig")
    config = settled(listed(Functions)["work"], Functions)
    assert config.unknown["policy"]["action"] == "lambda:GetPolicy"
    assert config.unknown["url"]["action"] == "lambda:GetFunctionUrlConfig"


def test_a_function_that_is_gone_is_not_one_without_a_policy(cloud):
    with pytest.raises(Gone):
        Functions.fetch(access(), "none")


def test_variables_that_amazon_could_not_decipher_are_unknown(cloud, monkeypatch):
    make_function(cloud)
    client = access().client("lambda")
    row = client.get_function_configuration(FunctionName="work")
    row["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}
    monkeypatch.setattr(client, "get_function_configuration", lambda **_: row)
    found = Functions.fetch(access(), "work").config["environment"]
    assert found == Unknown("AccessDeniedException", "no", "kms:Decrypt")


@pytest.mark.parametrize(
    "identifier",
    [
        "work",
        "work:live",
        f"{ACCOUNT}:function:work",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work:live",
    ],
)
def test_events_call_a_function_by_name_or_by_arn(identifier):
    assert Functions.resource_of(identifier) == "work"


def test_a_repository_with_and_without_a_policy(cloud):
    ecr = cloud.client("ecr")
    arn = ecr.create_repository(repositoryName="team/app")["repository"]["repositoryArn"]
    assert config_of(Repositories, "team/app")["policy"] is None
    ecr.set_repository_policy(repositoryName="team/app", policyText=json.dumps(POLICY))
    assert config_of(Repositories, "team/app")["policy"]["Statement"][0]["Sid"] == "all"
    assert Repositories.resource_of(arn) == "team/app"
    with pytest.raises(Gone):
        Repositories.fetch(access(), "none")


def test_a_secret_with_its_policy_and_without_what_it_holds(cloud):
    client = cloud.client("secretsmanager")
    arn = client.create_secret(Name="db/main", SecretString="hunter2")["ARN"]
    assert config_of(Secrets, "db/main")["policy"] is None
    client.put_resource_policy(SecretId="db/main", ResourcePolicy=json.dumps(POLICY))
    config = config_of(Secrets, "db/main")
    assert config["policy"]["Statement"][0]["Sid"] == "all"
    assert "hunter2" not in str(config)
    assert Secrets.resource_of(arn) == "db/main"
    with pytest.raises(Gone):
        Secrets.fetch(access(), "none")

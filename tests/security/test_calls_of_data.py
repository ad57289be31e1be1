"""CloudTrail's calls on stores of data, and which resource each is about."""

import pytest

from security.activity.call import Call, read_record
from security.activity.targets import targets_of
from security.collectors import collectors
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import NOW
from tests.security.trail import record

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db/main-AbCdEf"
MINE = ("aws.s3.", "aws.kms.", "aws.sns.", "aws.sqs.", "aws.lambda.", "aws.ecr.",
        "aws.secretsmanager.", "aws.ec2.snapshot", "aws.ec2.image", "aws.rds.snapshot")  # fmt: skip


def call(service, name, **fields):
    told = {**record(name), "eventSource": f"{service}.amazonaws.com", **fields}
    read = read_record(told, now=NOW)
    assert isinstance(read, Call)
    return read


@pytest.mark.parametrize(
    ("service", "name", "request_parameters", "target"),
    [
        ("s3", "PutBucketPolicy", {"bucketName": "data"}, ("aws.s3.bucket", "data")),
        ("s3", "DeleteBucketPublicAccessBlock", {"bucketName": "data"}, ("aws.s3.bucket", "data")),
        ("s3", "PutAccountPublicAccessBlock", {"host": ["x"]}, ("aws.s3.account", ACCOUNT)),
        ("kms", "PutKeyPolicy", {"keyId": KEY}, ("aws.kms.key", KEY)),
        ("kms", "CreateAlias", {"targetKeyId": KEY, "aliasName": "alias/x"}, ("aws.kms.key", KEY)),
        ("kms", "DeleteAlias", {"aliasName": "alias/x"}, ("aws.kms.key", "")),
        ("sns", "SetTopicAttributes", {"topicArn": TOPIC}, ("aws.sns.topic", TOPIC)),
        ("sns", "Unsubscribe", {"subscriptionArn": f"{TOPIC}:1"}, ("aws.sns.topic", TOPIC)),
        ("sqs", "SetQueueAttributes", {"queueUrl": QUEUE}, ("aws.sqs.queue", "jobs")),
        ("lambda", "AddPermission20150331v2", {"functionName": FUNCTION},
         ("aws.lambda.function", "work")),
        ("lambda", "UpdateFunctionUrlConfig", {"functionName": "work"},
         ("aws.lambda.function", "work")),
        ("ecr", "SetRepositoryPolicy", {"repositoryName": "app"}, ("aws.ecr.repository", "app")),
        ("secretsmanager", "PutResourcePolicy", {"secretId": SECRET},
         ("aws.secretsmanager.secret", "db/main")),
        ("ec2", "ModifySnapshotAttribute", {"snapshotId": "snap-1"},
         ("aws.ec2.snapshot", "snap-1")),
        ("ec2", "ModifyImageAttribute", {"imageId": "ami-1"}, ("aws.ec2.image", "ami-1")),
        ("rds", "ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": "s"},
         ("aws.rds.snapshot", "s")),
        ("rds", "ModifyDBClusterSnapshotAttribute", {"dBClusterSnapshotIdentifier": "s"},
         ("aws.rds.snapshot", "s")),
    ],
)  # fmt: skip
def test_a_call_names_its_resource(service, name, request_parameters, target):
    assert target in targets_of(call(service, name, requestParameters=request_parameters))


def test_a_key_is_named_by_the_record_whatever_the_caller_called_it_by():
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"
    told = call("kms", "DisableKey", requestParameters={"keyId": "alias/x"},
                resources=[{"ARN": arn, "type": "AWS::KMS::Key"}])  # fmt: skip
    assert targets_of(told) == [("aws.kms.key", KEY)]


def test_every_technology_says_what_it_needs_and_hears_of():
    for slug, collector in collectors().items():
        if slug.startswith(MINE):
            assert collector.actions
            assert all(":" in action and "*" not in action for action in collector.actions)
            assert collector.calls
            assert all(path for one in collector.calls for path in one.paths)

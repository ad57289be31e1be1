"""Every page of a listing is read. moto has one page of most: here the answers are the test's, and
only the paginators are botocore's."""

import pytest

from opsportal.lib.aws import Unknown
from security.collectors.ecr_repositories import Repositories
from security.collectors.kms_keys import Keys
from security.collectors.lambda_functions import Functions
from security.collectors.s3_buckets import Buckets
from security.collectors.secretsmanager_secrets import Secrets
from security.collectors.sns_topics import Topics
from security.collectors.sqs_queues import Queues
from tests.alerts.moto import REGION
from tests.security.denials import answer_only
from tests.security.reading import access

ROWS = [
    (Buckets, "ListBuckets", "Buckets", "ContinuationToken",
     lambda name: {"Name": name, "BucketRegion": "eu-west-3"}),
    (Keys, "ListKeys", "Keys", "NextMarker", lambda name: {"KeyId": name}),
    (Topics, "ListTopics", "Topics", "NextToken", lambda name: {"TopicArn": name}),
    (Queues, "ListQueues", "QueueUrls", "NextToken", lambda name: f"https://sqs/1/{name}"),
    (Functions, "ListFunctions", "Functions", "NextMarker",
     lambda name: {"FunctionName": name, "FunctionArn": f"arn:{name}"}),
    (Repositories, "DescribeRepositories", "repositories", "nextToken",
     lambda name: {"repositoryName": name, "repositoryArn": f"arn:{name}"}),
    (Secrets, "ListSecrets", "SecretList", "NextToken",
     lambda name: {"Name": name, "ARN": f"arn:{name}"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("collector", "operation", "key", "token", "row"), ROWS, ids=[row[1] for row in ROWS]
)
def test_every_page_is_read_and_what_is_refused_of_each_is_unknown(
    cloud, monkeypatch, collector, operation, key, token, row
):
    where = access(REGION if collector.regional else "")
    pages = ({key: [row("a"), row("b")], token: "2", "Truncated": True}, {key: [row("c")]})
    asked = answer_only(monkeypatch, operation, *pages)
    found = [one for page in collector.pages(where) for one in page]
    assert [one.resource_id for one in found] == ["a", "b", "c"]
    assert len(asked) == 2
    assert all(isinstance(one.config["policy"], Unknown) for one in found)
    assert all(one.tags == {} for one in found)


def test_pages_have_a_size_where_without_one_there_is_no_second(cloud, monkeypatch):
    for collector, operation, key, size in (
        (Buckets, "ListBuckets", "Buckets", "MaxBuckets"),
        (Queues, "ListQueues", "QueueUrls", "MaxResults"),
    ):
        asked = answer_only(monkeypatch, operation, {key: []})
        list(collector.pages(access(REGION if collector.regional else "")))
        assert asked[0][size] == 1000

"""No code but the remediations calls what changes something in a cloud.

Read from the source. Names that only a cloud's client has, such as `terminate_instances`, are
found in every module, whatever they are called on, also where a client was handed in. Short ones
that are common words, such as `publish`, are an offence in modules that import boto3 or botocore;
there the ways round a client's methods are one too.

What this cannot see: a method's name put together at run time by other means than `getattr` with
a literal, a request signed by hand, a boto3 that is imported by a computed name, another SDK, and
programs that are started (`aws ...`). Imports by computed name and subprocesses are for review.
"""

import ast
from pathlib import Path

import botocore.loaders
import pytest
from botocore import xform_name
from django.conf import settings

from alerts.remediations.ec2_reboot import Ec2Reboot
from alerts.remediations.ec2_terminate import Ec2Terminate

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("opsportal", "alerts", "chronos", "security", "certs", "benchmarks")
# Where calls that change something belong.
MAY_CHANGE = ("alerts/remediations/",)
# What may be called elsewhere although it changes something: a message is sent, the demo fills the
# cloud that it has started itself on this machine, and IAM makes a report about its users; what a
# queue of ours held goes once it is stored.
MAY_CALL = {
    "alerts/channels/sns.py": {"publish"},
    "alerts/demo/cloud.py": {"run_instances"},
    "security/activity/poll.py": {"receive_message", "delete_message_batch"},
    "security/collectors/iam_credentials.py": {"generate_credential_report"},
    # SQLite's own, by the name that CloudFront has for another thing.
    "opsportal/lib/sqlite/base.py": {"create_function"},
    # Only in a cloud of this machine: `is_here` is asked before.
    "certs/demo/acm.py": {"import_certificate"},
    "security/demo/clouds.py": {
        "attach_role_policy", "authorize_security_group_ingress", "create_bucket",
        "create_managed_prefix_list", "create_network_interface", "create_policy", "create_queue",
        "create_role", "create_security_group", "delete_bucket_policy",
        "delete_public_access_block", "delete_role_policy", "modify_managed_prefix_list",
        "put_bucket_policy", "put_public_access_block", "put_role_policy",
        "revoke_security_group_ingress", "send_message",
    },
}  # fmt: skip
LOOKS = ("describe_", "get_", "list_", "head_", "lookup_", "search_", "batch_get_", "assume_role")
# Of a client or a session, without a call to the cloud.
HARMLESS = {
    "can_paginate", "client", "close", "exceptions", "generate_presigned_url", "get_credentials",
    "get_paginator", "get_waiter", "meta", "paginate", "wait",
}  # fmt: skip
SERVICES = (
    "ec2", "autoscaling", "elbv2", "elb", "sns", "sts", "s3", "iam", "acm", "rds", "ecs", "sqs",
    "cloudfront", "route53",
)  # fmt: skip


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """All that the services' clients can do."""
    loader = botocore.loaders.create_loader()
    return {
        xform_name(name)
        for service in SERVICES
        for name in loader.load_service_model(service, "service-2")["operations"]
    }


def modules() -> list[Path]:
    return sorted(
        path for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )  # fmt: skip


def reaches_boto(tree: ast.AST) -> bool:
    """Whether the module itself imports an AWS SDK, in whichever form."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            names = [str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        if any(name.split(".")[0] in {"boto3", "botocore", "aioboto3"} for name in names):
            return True
    return False


def called(node: ast.Call) -> str:
    """The name of what is called, also by `getattr(x, "name")`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    if isinstance(node.func, ast.Name):
        return node.func.id
    return ""


def used(tree: ast.AST) -> set[tuple[int, str]]:
    """Attributes that are called or handed on, and literals that `getattr` takes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found.add((node.lineno, node.attr))
        elif isinstance(node, ast.Call) and called(node) in {"getattr", "methodcaller"}:
            found |= {
                (node.lineno, arg.value)
                for arg in node.args
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            }
    return found


def offences(path: str, source: str, operations: set[str]) -> list[str]:
    """What the module uses and may not."""
    if path.startswith(MAY_CHANGE):
        return []
    tree = ast.parse(source)
    allowed = MAY_CALL.get(path, set())
    close = reaches_boto(tree)
    found = []
    for line, name in sorted(used(tree)):
        if name in allowed or name in HARMLESS or name.startswith(LOOKS):
            continue
        # Names that are a cloud's only (two words at least) are found everywhere; short ones
        # (`publish`, `encrypt`) are common words, and an offence where boto3 is at hand.
        if name in operations and ("_" in name or close):
            found.append(f"{path}:{line} uses {name}")
        elif close and name in {"_make_api_call", "resource", "make_request", "_make_request"}:
            found.append(f"{path}:{line} goes round the client's methods by {name}")
    if close and computed(tree):
        found.append(f"{path} computes the name of what it calls")
    return found


def computed(tree: ast.AST) -> bool:
    """Whether `getattr` is given anything but a literal."""
    return any(
        isinstance(node, ast.Call)
        and called(node) == "getattr"
        and len(node.args) > 1
        and not isinstance(node.args[1], ast.Constant)
        for node in ast.walk(tree)
    )


def test_no_other_code_changes_anything_in_a_cloud(operations):
    found = [
        offence
        for path in modules()
        for offence in offences(str(path.relative_to(ROOT)), path.read_text(), operations)
    ]
    assert found == []


def test_what_the_remediations_call_is_among_what_is_looked_for(operations):
    assert {Ec2Reboot.method, Ec2Terminate.method} <= operations


@pytest.mark.parametrize(
    "source",
    [
        "def f(client): client.terminate_instances(InstanceIds=[])",
        "import boto3\nboto3.client('sns').publish()",
        "from boto3 import client\nclient('ec2').stop_instances()",
        "import boto3 as b\nact = b.client('ec2').reboot_instances\nact()",
        "def f(c): getattr(c, 'terminate_instances')()",
        "from operator import methodcaller\nmethodcaller('terminate_instances')(x)",
        "import boto3\nname = 'x'\ngetattr(boto3.client('ec2'), name)()",
        "import boto3\nboto3.client('ec2')._make_api_call('TerminateInstances', {})",
        "import boto3\nboto3.resource('ec2').Instance('i').terminate()",
        "import importlib\nimportlib.import_module('boto3').client('iam').create_user()",
        "def f(c):\n    [c.delete_bucket(Bucket=b) for b in ()]",
    ],
)
def test_an_offence_is_found(source, operations):
    assert offences("chronos/x.py", source, operations)
    assert not offences("alerts/remediations/x.py", source, operations)


@pytest.mark.parametrize(
    "source",
    [
        "import boto3\nboto3.client('ec2').describe_instances()",
        "import boto3\nboto3.client('sts').assume_role()",
        "import boto3\nboto3.client('ec2').get_paginator('describe_instances').paginate()",
        "import boto3\nboto3.client('s3').head_object()",
        "def f(queue): queue.publish()",
    ],
)
def test_looking_is_none(source, operations):
    assert offences("chronos/x.py", source, operations) == []


def test_a_message_may_be_published_by_its_channel_only(operations):
    source = "import boto3\nboto3.client('sns').publish()"
    assert offences("alerts/channels/sns.py", source, operations) == []
    assert offences("alerts/channels/other.py", source, operations)

"""The calls that collectors wait for are calls of AWS's, and their paths lead into these.

CloudTrail writes the names of parameters with a small first letter.
"""

import botocore.session
import pytest

from security.collectors import Call, Collector
from security.collectors.cloudtrail_trails import Trails
from security.collectors.ec2_account import Ec2Account
from security.collectors.ec2_addresses import Addresses
from security.collectors.iam_account import IamAccount
from security.collectors.iam_credentials import Credentials
from security.collectors.iam_groups import Groups
from security.collectors.iam_policies import Policies
from security.collectors.iam_roles import Roles
from security.collectors.iam_users import Users
from security.collectors.route53_records import Records
from security.collectors.route53_zones import Zones

MINE: list[type[Collector]] = [
    Roles, Users, Groups, Policies, Credentials, IamAccount, Ec2Account, Addresses, Trails, Zones,
    Records,
]  # fmt: skip
# The record itself has these.
OF_THE_RECORD = ("userIdentity", "recipientAccountId")


@pytest.fixture(scope="module")
def models():
    session = botocore.session.get_session()
    return {
        name: session.get_service_model(name) for name in ("iam", "ec2", "cloudtrail", "route53")
    }


def leads(path: str, operation) -> bool:
    """Whether the path leads to a text."""
    first, *steps = path.split(".")
    if first in OF_THE_RECORD:
        return True
    shape = operation.input_shape if first == "requestParameters" else operation.output_shape
    for step in steps:
        members = {name[0].lower() + name[1:]: member for name, member in shape.members.items()}
        if step not in members:
            return False
        shape = members[step]
    return bool(shape.type_name == "string")


@pytest.mark.parametrize(
    ("collector", "call"), [(one, call) for one in MINE for call in one.calls],
    ids=lambda value: value.name if isinstance(value, Call) else value.slug,
)  # fmt: skip
def test_a_call_and_its_paths_exist(models, collector, call):
    operation = models[collector.event_source].operation_model(call.name)
    assert all(leads(path, operation) for path in call.paths)


@pytest.mark.parametrize("collector", MINE, ids=lambda one: one.slug)
def test_permissions_are_named_as_operations_are(models, collector):
    known = {
        f"{service}:{name}" for service, model in models.items() for name in model.operation_names
    }
    asked = {action for action in collector.actions if action.split(":")[0] in models}
    assert asked <= known

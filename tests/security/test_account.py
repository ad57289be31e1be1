"""Accounts: saved by pages and files, tested, never removed with their history."""

import json

import pytest

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.models import AuditEntry
from opsportal.lib.aws import configured_accounts
from opsportal.lib.configfile import export_config
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, PayloadError
from opsportal.lib.registry import plugins
from security.account import delete_account, save_account
from security.account_admin import AccountForm
from security.grant import queue_arn, read_only_policy, trust_policy
from security.models import CloudAccount, CloudResource
from security.probe import probe_accounts
from tests.accounts.people import make_person
from tests.alerts.configuring import apply
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import GROUPS, NOW, collect, make_account

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "name": "main",
    "kind": "managed",
    "partition": "aws",
    "regions": REGION,
    "enabled": "on",
    # Some of what it asks for, moto does not know.
    "without": "aws.ec2.account",
}
FILE = f"""cloud_accounts:
- name: billing
  account: '210987654321'
  role: opsportal
  external_id: s3cret-id
  regions:
  - {REGION}
"""


def save(account, **options):
    save_account(account, actor=COMMAND_LINE, now=NOW, **options)
    return account


def test_one_form_with_a_name_and_a_region_will_do(client, cloud):
    client.force_login(make_person("administrator"))
    answer = client.post("/admin/security/cloudaccount/add/", FORM)
    account = CloudAccount.objects.get()
    assert answer.headers["Location"] == f"/security/accounts/{account.pk}/"
    assert (account.account_id, account.regions) == (ACCOUNT, [REGION])
    assert probe_accounts(now=NOW) == 0, "it is due from now on, and NOW is long ago"
    assert probe_accounts(now=account.test_due_at) == 1
    page = client.get(answer.headers["Location"]).content.decode()
    assert "everything can be read" in page
    assert "ec2:DescribeSecurityGroups" in page


def test_without_credentials_the_form_says_what_to_give(client, monkeypatch, cloud):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client.force_login(make_person("administrator"))
    page = client.post("/admin/security/cloudaccount/add/", FORM).content.decode()
    assert "the portal has no credentials of its own" in page
    assert not CloudAccount.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", "12"),
        ("account_id", "12345678901\N{ARABIC-INDIC DIGIT TWO}"),
        ("regions", ["mars"]),
        ("regions", [7]),
        ("regions", []),
        ("without", ["aws.nothing"]),
        ("role_name", "a role"),
        ("external_id", "x"),
        ("partition", "moon"),
        ("trail_queue_url", "http://169.254.169.254/latest"),
        ("name", ""),
    ],
)
def test_what_is_wrong_is_named(field, value):
    fields = {"account_id": ACCOUNT, "name": "x", "regions": [REGION], field: value}
    with pytest.raises(PayloadError) as caught:
        save(CloudAccount(**fields))
    assert field in {error.field for error in caught.value.errors}
    assert not CloudAccount.objects.exists()


def test_an_account_with_history_is_not_deleted(cloud):
    account = make_account()
    collect(GROUPS)
    with pytest.raises(ConflictError, match="disable it instead"):
        delete_account(account, actor=COMMAND_LINE, now=NOW)
    assert CloudResource.objects.exists()


def test_the_policy_is_what_the_enabled_technologies_ask_for():
    account = CloudAccount(
        account_id=ACCOUNT,
        without=["aws.ec2.prefixlist"],
        trail_queue_url=f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/trail",
    )
    reads, queue = read_only_policy(account)["Statement"]
    assert "ec2:DescribeSecurityGroups" in reads["Action"]
    assert "ec2:GetManagedPrefixListEntries" not in reads["Action"]
    assert queue["Resource"] == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:trail"
    assert queue_arn(CloudAccount(trail_queue_url="")) == ""
    looks = ("Describe", "Get", "List", "Head", "Generate")
    assert all(action.split(":")[1].startswith(looks) for action in reads["Action"])


def test_the_external_id_is_made_kept_and_shown_to_administrators_only(client):
    account = save(
        CloudAccount(account_id=ACCOUNT, name="main", regions=[REGION], role_name="opsportal")
    )
    assert len(account.external_id) > 20
    trust = trust_policy(account, external_id=account.external_id)
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {
        "sts:ExternalId": account.external_id
    }
    assert account.external_id not in json.dumps(list(AuditEntry.objects.values("after")))
    path = f"/security/accounts/{account.pk}/"
    client.force_login(make_person("viewer"))
    assert account.external_id not in client.get(path).content.decode()
    client.force_login(make_person("administrator"))
    assert account.external_id in client.get(path).content.decode()
    form = client.get(f"/admin/security/cloudaccount/{account.pk}/change/").content.decode()
    assert account.external_id not in form
    fields = FORM | {"account_id": ACCOUNT, "role_name": "opsportal", "note": "x"}
    client.post(f"/admin/security/cloudaccount/{account.pk}/change/", fields)
    kept = CloudAccount.objects.get()
    assert (kept.note, kept.external_id) == ("x", account.external_id)


def test_a_viewer_neither_tests_nor_adds(client, cloud):
    account = make_account()
    client.force_login(make_person("team_admin"))
    assert client.get("/security/accounts/").status_code == 200
    assert client.post(f"/security/accounts/{account.pk}/test/").status_code == 403
    assert client.get("/admin/security/cloudaccount/add/").status_code == 403
    account.refresh_from_db()
    assert account.test_due_at is None


def test_files_say_all_that_the_form_says_and_keep_the_secret():
    apply(FILE)
    account = CloudAccount.objects.get()
    assert (account.account_id, account.external_id) == ("210987654321", "s3cret-id")
    text = export_config()
    assert FILE.replace("s3cret-id", f"'{MASK}'") in text
    apply(text)
    account.refresh_from_db()
    assert account.external_id == "s3cret-id"
    assert AuditEntry.objects.filter(target_type="security.cloudaccount").count() == 1
    keys = set(plugins("CONFIG_SECTIONS")["cloud_accounts"].keys)
    short = {"account": "account_id", "role": "role_name", "trail_queue": "trail_queue_url"}
    assert {short.get(key, key) for key in keys} == set(AccountForm.Meta.fields)


def test_others_know_the_accounts_that_may_be_read_now():
    make_account()
    for number, fields in enumerate(({"frozen": True}, {"enabled": False}, {"kind": "friendly"})):
        make_account(f"{number:012}", f"other {number}", **fields)
    (known,) = configured_accounts().items()
    assert known == ("main", CloudAccount.objects.get(name="main"))


def needs(name):
    """Something else that reads there."""
    return {"acm:GetCertificate"} if name == "main" else set()


def test_the_policy_has_what_others_need_there(settings):
    settings.CLOUD_READERS = [f"{__name__}.needs"]
    for number, name in ((ACCOUNT, "main"), ("210987654321", "other")):
        (reads,) = read_only_policy(make_account(number, name))["Statement"]
        assert ("acm:GetCertificate" in reads["Action"]) == (name == "main")

"""Snapshots and images: only what is shared is kept, and asking how is not done all the time."""

import pytest

from opsportal.lib.aws import Gone
from security.auditors.sharing import SharedSnapshot
from security.collectors.ec2_images import Images
from security.collectors.ec2_snapshots import Snapshots
from security.collectors.rds_snapshots import DbSnapshots
from security.collectors.sharing import forget_sharing
from security.models import CloudResource, CollectorError, ConfigRevision, Finding
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.auditing import FakeWorld, issues, item
from tests.security.collecting import collect, later, make_account, resource
from tests.security.denials import deny
from tests.security.reading import access, config_of, listed, settled

OTHER = "999988887777"
PASSWORD = {"MasterUsername": "app", "MasterUserPassword": "hunter22"}


def make_snapshot(cloud):
    ec2 = cloud.client("ec2")
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    return ec2.create_snapshot(VolumeId=volume)["SnapshotId"]


def share(cloud, snapshot, operation="add", **whom):
    cloud.client("ec2").modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType=operation, **whom
    )


def make_image(cloud):
    (instance,) = cloud.launch()
    return cloud.client("ec2").create_image(InstanceId=instance, Name="app")["ImageId"]


def make_database_snapshots(cloud):
    rds = cloud.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="one", Engine="mysql", DBInstanceClass="db.t3.micro",
        AllocatedStorage=5, **PASSWORD,
    )  # fmt: skip
    rds.create_db_cluster(DBClusterIdentifier="many", Engine="aurora-mysql", **PASSWORD)
    rds.create_db_snapshot(DBSnapshotIdentifier="same", DBInstanceIdentifier="one")
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="same", DBClusterIdentifier="many")
    return rds


def test_a_snapshot_is_kept_once_it_is_shared(cloud):
    snapshot = make_snapshot(cloud)
    config = config_of(Snapshots, snapshot)
    assert config["shared_with"] == {"public": False, "accounts": [], "organisations": []}
    assert not Snapshots.is_kept(config)
    share(cloud, snapshot, UserIds=[OTHER])
    assert Snapshots.is_kept(Snapshots.fetch(access(), snapshot).config)
    share(cloud, snapshot, GroupNames=["all"])
    config = settled(Snapshots.fetch(access(), snapshot), Snapshots).config
    assert config["shared_with"] == {
        "public": True, "accounts": [OTHER], "organisations": [],
    }  # fmt: skip
    with pytest.raises(Gone):
        Snapshots.fetch(access(), "snap-11111111")


def public_ones(monkeypatch, *snapshots):
    """moto has all of them there."""
    from opsportal.lib.aws.access import Access

    ask = Access.rows

    def answer(self, service, operation, key, **options):
        if "RestorableByUserIds" in options:
            return iter([{"SnapshotId": snapshot} for snapshot in snapshots])
        return ask(self, service, operation, key, **options)

    monkeypatch.setattr(Access, "rows", answer)


def test_what_was_said_is_not_asked_again_unless_the_public_ones_say_otherwise(cloud, monkeypatch):
    first, second = make_snapshot(cloud), make_snapshot(cloud)
    with monkeypatch.context() as patch:
        public_ones(patch)
        listed(Snapshots)
        listed(Snapshots)
        assert cloud.asked("DescribeSnapshotAttribute") == 2
        # Nothing says so: it is seen when its turn comes.
        share(cloud, first, GroupNames=["all"])
        assert not listed(Snapshots)[first].config["shared_with"]["public"]
    public_ones(monkeypatch, first)
    assert listed(Snapshots)[first].config["shared_with"]["public"]
    assert cloud.asked("DescribeSnapshotAttribute") == 3
    forget_sharing(access(), second)
    listed(Snapshots)
    assert cloud.asked("DescribeSnapshotAttribute") == 4


def test_an_image_is_kept_once_it_is_shared(cloud):
    image = make_image(cloud)
    config = config_of(Images, image)
    assert not Images.is_kept(config)
    assert [link.kind for link in Images.links(config)] == ["of", "snapshot"]
    change = {"Add": [{"Group": "all"}, {"UserId": OTHER}]}
    cloud.client("ec2").modify_image_attribute(ImageId=image, LaunchPermission=change)
    config = settled(listed(Images)[image], Images).config
    assert config["shared_with"] == {
        "public": True, "accounts": [OTHER], "organisations": [],
    }  # fmt: skip
    with pytest.raises(Gone):
        Images.fetch(access(), "ami-11111111")


def test_snapshots_of_databases_and_of_clusters_are_told_apart(cloud):
    rds = make_database_snapshots(cloud)
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="same", AttributeName="restore", ValuesToAdd=["all", OTHER]
    )
    one = config_of(DbSnapshots, "snapshot:same")
    assert one["shared_with"] == {"public": True, "accounts": [OTHER], "organisations": []}
    assert (one["source"], one["engine"]) == ("one", "mysql")
    many = config_of(DbSnapshots, "cluster-snapshot:same")
    assert not DbSnapshots.is_kept(many)
    assert many["source"] == "many"
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:same"
    assert DbSnapshots.resource_of(arn) == "cluster-snapshot:same"
    assert DbSnapshots.fetch(access(), "same").resource_id == "snapshot:same"
    rds.delete_db_snapshot(DBSnapshotIdentifier="same")
    assert DbSnapshots.fetch(access(), "same").resource_id == "cluster-snapshot:same"
    for name in ("snapshot:same", "none"):
        with pytest.raises(Gone):
            DbSnapshots.fetch(access(), name)


@pytest.mark.django_db(transaction=True)
def test_what_is_shared_becomes_a_resource_and_stays_one_when_it_is_no_more(cloud):
    make_account()
    snapshot = make_snapshot(cloud)
    collect("aws.ec2.snapshot")
    assert not CloudResource.objects.exists()
    share(cloud, snapshot, UserIds=[OTHER])
    forget_sharing()
    (row,) = collect("aws.ec2.snapshot", now=later(hours=1))
    assert (row.listed, row.created) == (1, 1)
    assert Finding.objects.get().status == "open"
    share(cloud, snapshot, "remove", UserIds=[OTHER])
    forget_sharing()
    collect("aws.ec2.snapshot", now=later(hours=2))
    assert resource(snapshot).state == "active"
    kinds = ConfigRevision.objects.order_by("number").values_list("kind", flat=True)
    assert list(kinds) == ["created", "changed"]
    assert Finding.objects.get().status == "fixed"


@pytest.mark.django_db(transaction=True)
def test_sharing_that_cannot_be_read_is_an_error_and_makes_no_resource(cloud, monkeypatch):
    make_account()
    make_snapshot(cloud)
    deny(monkeypatch, "DescribeSnapshotAttribute")
    (row,) = collect("aws.ec2.snapshot")
    assert row.listed == 1
    assert not CloudResource.objects.exists()
    assert CollectorError.objects.get().action == "ec2:DescribeSnapshotAttribute"


ORGANISATION = f"arn:aws:organizations::{OTHER}:organization/o-abcdefghij"


def about(unknown=(), **shared):
    config = {"shared_with": {"public": False, "accounts": [], "organisations": [], **shared}}
    return item("aws.ec2.snapshot", config)


def test_anybody_and_accounts_that_are_not_known_may_not_copy():
    assert issues(SharedSnapshot, about(public=True)) == [("public", 10)]
    assert issues(SharedSnapshot, about(accounts=[OTHER])) == [(OTHER, 8)]
    assert issues(SharedSnapshot, about(organisations=[ORGANISATION])) == [(ORGANISATION, 8)]
    for trust, score in (("THIRDPARTY", 2), ("FRIENDLY", None), ("SAME", None)):
        around = FakeWorld(trusted={OTHER: trust, "o-abcdefghij": trust})
        both = about(accounts=[OTHER], organisations=[ORGANISATION])
        found = {OTHER, ORGANISATION} if score else set()
        assert set(issues(SharedSnapshot, both, around)) == {(name, score) for name in found}

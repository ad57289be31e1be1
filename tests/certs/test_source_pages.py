"""Pages of sources, and the forms of their kinds."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.models import Placement, Source, SourceRun
from certs.normalise import FoundCertificate, FoundTrouble
from opsportal.accounts.models import AuditEntry
from tests.accounts.people import make_person, make_team
from tests.certs.pki import intermediate, later, new_key
from tests.certs.shelf import Shelf, run, shelf

__all__ = ["shelf"]
pytestmark = pytest.mark.django_db(transaction=True)
LEAF = intermediate().issue("a.test", key=new_key()).parsed
ADD = "/admin/certs/source/add/?kind=kubernetes"
CLUSTER = {
    "name": "cluster", "option_url": "https://k8s.test:6443", "option_token": "s3cr3t-token",
    "option_namespaces": "shop\r\n\r\nbank ", "enabled": "on", "interval": "01:00:00",
    "labels": "{}",
}  # fmt: skip


def filled(places: int, troubles: int = 1) -> None:
    Shelf.things = [
        *(FoundCertificate(LEAF, f"/etc/tls/{number:04}.pem") for number in range(places)),
        *(
            FoundTrouble(f"/etc/<b>{number}</b>.p12", "wrong password")
            for number in range(troubles)
        ),
    ]
    run()


def test_the_list_tells_how_each_does_with_a_fixed_number_of_queries(client, shelf):
    filled(3)
    client.force_login(make_person("viewer"))

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            answer = client.get("/certs/sources/")
        assert answer.status_code == 200
        return len(caught)

    few = cost()
    for number in range(20):
        Source.objects.create(name=f"s{number}", kind="shelf", team=make_team())
    assert cost() == few <= 8
    page = client.get("/certs/sources/").content.decode()
    assert "complete" in page
    assert "not looked at yet" in page


def test_a_source_has_its_log_its_troubles_and_what_is_there_by_pages(client, shelf):
    filled(230)
    client.force_login(make_person("viewer"))
    with CaptureQueriesContext(connection) as caught:
        page = client.get(f"/certs/sources/{shelf.pk}/").content.decode()
    assert len(caught) <= 12
    assert "/etc/tls/0099.pem" in page
    assert "/etc/tls/0100.pem" not in page
    assert "&lt;b&gt;0&lt;/b&gt;.p12" in page
    after = Placement.objects.get(locator="/etc/tls/0199.pem").pk
    page = client.get(f"/certs/sources/{shelf.pk}/", {"after": after}).content.decode()
    assert page.count("/etc/tls/02") == 30
    assert "Look now" not in page
    for odd in ("x", "9" * 30, "-1", "\0"):
        assert client.get(f"/certs/sources/{shelf.pk}/", {"after": odd}).status_code == 200
    assert client.get(f"/certs/sources/{shelf.pk}/?gone").status_code == 200
    assert client.get(f"/certs/sources/{shelf.pk}/runs/").status_code == 200
    assert client.get("/certs/sources/999999/").status_code == 404


def test_responders_look_now_and_others_do_not(client, shelf):
    client.force_login(make_person("viewer"))
    assert client.post(f"/certs/sources/{shelf.pk}/look/").status_code == 403
    client.force_login(make_person("responder"))
    for _ in range(2):
        assert client.post(f"/certs/sources/{shelf.pk}/look/").status_code == 302
    assert SourceRun.objects.filter(state="due").count() == 1
    assert AuditEntry.objects.filter(action="look").count() == 1
    assert client.post(f"/certs/sources/{shelf.pk}/confirm/").status_code == 403


def test_an_administrator_confirms_what_is_held(client, shelf):
    filled(30)
    Shelf.things = []
    run(later(hours=1))
    client.force_login(make_person("administrator"))
    page = client.get(f"/certs/sources/{shelf.pk}/").content.decode()
    assert "They are gone" in page
    assert client.post(f"/certs/sources/{shelf.pk}/confirm/").status_code == 302
    shelf.refresh_from_db()
    assert shelf.held["confirmed_by"].startswith("administrator")
    assert "They are gone" not in client.get(f"/certs/sources/{shelf.pk}/").content.decode()


def test_a_source_is_added_by_its_kind_and_its_secret_is_never_shown(client):
    client.force_login(make_person("administrator"))
    page = client.get("/admin/certs/source/add/").content.decode()
    assert "?kind=kubernetes" in page
    assert "Authorities" in client.get(ADD).content.decode()
    answer = client.post(ADD, CLUSTER)
    source = Source.objects.get()
    assert answer.headers["Location"] == f"/certs/sources/{source.pk}/"
    assert source.options == {
        "url": "https://k8s.test:6443", "namespaces": ["shop", "bank"], "config_maps": False,
    }  # fmt: skip
    assert source.secret == {"token": "s3cr3t-token"}
    change = f"/admin/certs/source/{source.pk}/change/"
    for path in (change, f"/certs/sources/{source.pk}/", "/admin/certs/source/"):
        assert "s3cr3t" not in client.get(path).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM certs_source")
        assert "s3cr3t" not in cursor.fetchone()[0]
    assert not any("s3cr3t" in str(entry.after) for entry in AuditEntry.objects.all())
    # An empty secret stays, but not for another server.
    client.post(change, CLUSTER | {"option_token": "", "note": "ours"})
    source.refresh_from_db()
    assert (source.secret, source.note) == ({"token": "s3cr3t-token"}, "ours")
    client.post(change, CLUSTER | {"option_token": "", "option_url": "https://evil.test"})
    source.refresh_from_db()
    assert source.options["url"] == "https://k8s.test:6443"


@pytest.mark.parametrize(
    "wrong",
    [{"option_url": "nothing"}, {"option_token": ""}, {"option_namespaces": "Not_One"},
     {"interval": "00:00:01"}, {"name": ""}, {"labels": "[1]"}],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_stored(client, wrong):
    client.force_login(make_person("administrator"))
    assert client.post(ADD, CLUSTER | wrong, follow=True).status_code == 200
    assert not Source.objects.exists()


def test_team_admins_edit_their_teams_sources_only(client):
    team = make_team()
    client.force_login(make_person("team_admin", team))
    assert client.post(ADD, CLUSTER | {"team": team.pk}).status_code == 302
    mine = Source.objects.get()
    other = Source.objects.create(name="other", kind="kubernetes", team=make_team())
    deleted = f"/admin/certs/source/{mine.pk}/delete/"
    assert client.post(deleted, {"post": "yes"}).status_code == 302
    assert not Source.objects.filter(pk=mine.pk).exists()
    path = f"/admin/certs/source/{other.pk}/change/"
    answer = client.post(path, CLUSTER | {"name": "stolen"})
    assert answer.status_code == 403
    assert "cluster" not in [source.name for source in Source.objects.all()]


def test_a_kind_that_is_gone_is_shown_and_not_asked(client):
    source: Any = Source.objects.create(name="old", kind="gone-kind", interval=timedelta(hours=1))
    client.force_login(make_person("administrator"))
    for path in ("/certs/sources/", f"/certs/sources/{source.pk}/"):
        assert client.get(path).status_code == 200
    assert client.get(f"/admin/certs/source/{source.pk}/change/").status_code == 200
    assert client.post(f"/certs/sources/{source.pk}/look/").status_code == 302
    assert not SourceRun.objects.exists()

"""Signed requests: what Grafana signs is let in, all else with that key is refused."""

import hmac
import json
from datetime import timedelta
from hashlib import sha256

import pytest
from django.urls import reverse

from alerts import verify
from alerts.change import delete_signing_secret, save_signing_secret
from alerts.models import Alert, RawDelivery, SigningSecret
from opsportal.accounts.models import AuditEntry
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_person, make_team
from tests.alerts.makers import JO
from tests.alerts.posting import fixture, post

pytestmark = pytest.mark.django_db
DOOR, BODY = "/hooks/grafana", fixture("grafana/unified.json")
SECRET = "correct horse battery"
HEADER = "X-Grafana-Alerting-Signature"


def sign(body=BODY, secret=SECRET, at=None):
    """As HMACRoundTripper of grafana/alerting (http/hmac.go) does."""
    stamp = b"" if at is None else f"{int(at.timestamp())}:".encode()
    return hmac.new(secret.encode(), stamp + body, sha256).hexdigest()


@pytest.fixture
def key():
    return make_key("alerts:write", short=True)


def set_secret(made, **fields):
    signing = SigningSecret(key=made, secret=SECRET, **fields)
    save_signing_secret(signing, actor=JO, now=utc_now())
    return signing


def test_what_is_signed_comes_in(key):
    made, text = key
    set_secret(made)
    assert post(DOOR, BODY, text, **{HEADER: sign()})[0] == 200
    assert post(f"{DOOR}/{text}", BODY, **{HEADER: sign()}, method="PUT")[0] == 200
    assert Alert.objects.count() == 2


@pytest.mark.parametrize(
    "headers",
    [{}, {HEADER: ""}, {HEADER: "0" * 64}, {HEADER: sign(secret="another secret text")},
     {HEADER: sign(b"{}")}, {HEADER: "\u00e9"}, {"X-Signature": sign()}],
    ids=["none", "empty", "wrong", "other-secret", "other-body", "not-ascii", "other-header"],
)  # fmt: skip
def test_what_is_not_is_refused_and_kept_as_such(key, headers):
    made, text = key
    set_secret(made)
    status, _, answer = post(DOOR, BODY, text, **headers)
    assert (status, answer["code"]) == (403, "forbidden")
    assert not Alert.objects.exists()
    row = RawDelivery.objects.get()
    assert (row.verdict, row.replayable) == ("refused", False)
    assert HEADER in row.error


def test_headers_have_the_names_that_the_sender_was_given(key):
    made, text = key
    set_secret(made, header="X-Sig", timestamp_header="X-Time")
    now = utc_now()
    signed = {"X-Sig": sign(at=now), "X-Time": str(int(now.timestamp()))}
    assert post(DOOR, BODY, text, **signed)[0] == 200
    assert post(DOOR, BODY, text, **{"X-Sig": sign()})[0] == 403


@pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_an_old_request_cannot_be_sent_again(key, off):
    made, text = key
    set_secret(made, timestamp_header="X-Time")
    at = utc_now() + off
    status, _, answer = post(
        DOOR, BODY, text, **{HEADER: sign(at=at), "X-Time": str(int(at.timestamp()))}
    )
    assert status == 403
    assert "within 5 minutes" in answer["message"]


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 400, "\u0661"])
def test_a_timestamp_that_is_none_is_refused(key, stamp):
    made, text = key
    set_secret(made, timestamp_header="X-Time")
    assert post(DOOR, BODY, text, **{HEADER: sign(), "X-Time": stamp})[0] == 403


def test_the_key_alone_opens_no_other_door(key):
    made, text = key
    set_secret(made)
    assert post("/api/v1/alerts", {"name": "x"}, text)[0] == 403
    assert post("/alertmanager/api/v2/alerts", [], text)[0] == 403
    assert post("/v2/alerts", {"message": "x"}, text)[0] == 403


def test_a_key_without_a_secret_need_not_sign_and_costs_one_look_a_minute(
    key, django_assert_num_queries
):
    made, _ = key
    now = utc_now()
    with django_assert_num_queries(1):
        for seconds in range(3):
            received = Received(BODY, now + timedelta(seconds=seconds))
            verify.verify_signature(made, received, lambda _: "")
    with django_assert_num_queries(1):
        later = Received(BODY, now + timedelta(minutes=2))
        verify.verify_signature(made, later, lambda _: "")


def test_a_changed_or_removed_secret_acts_at_once(key):
    made, text = key
    signing = set_secret(made)
    assert post(DOOR, BODY, text, **{HEADER: sign()})[0] == 200
    signing.secret = "another secret text"
    save_signing_secret(signing, actor=JO, now=utc_now())
    assert post(DOOR, BODY, text, **{HEADER: sign(secret="another secret text")})[0] == 200
    delete_signing_secret(signing, actor=JO, now=utc_now())
    assert post(DOOR, BODY, text)[0] == 200


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"secret": "short"}, "secret"),
        ({"secret": "x" * 501}, "secret"),
        ({"secret": "a\0" * 20}, "secret"),
        ({"header": ""}, "header"),
        ({"header": "X_Sig"}, "header"),
        ({"header": "X Sig"}, "header"),
        ({"timestamp_header": "a:b"}, "timestamp_header"),
        ({"timestamp_header": HEADER.lower()}, "timestamp_header"),
    ],
)
def test_what_cannot_be_is_not_stored(key, fields, wrong):
    signing = SigningSecret(**{"key": key[0], "secret": SECRET} | fields)
    with pytest.raises(PayloadError) as caught:
        save_signing_secret(signing, actor=JO, now=utc_now())
    assert wrong in {error.field for error in caught.value.errors}
    assert not SigningSecret.objects.exists()


class TestPages:
    ADD = "admin:alerts_signingsecret_add"

    def form(self, made, **fields):
        return {"key": made.pk, "new_secret": SECRET, "header": HEADER} | fields

    def test_a_secret_is_set_changed_and_never_shown(self, client, key):
        made, text = key
        client.force_login(make_person("administrator"))
        assert client.post(reverse(self.ADD), self.form(made)).status_code == 302
        signing = SigningSecret.objects.get()
        assert (signing.secret, signing.key) == (SECRET, made)
        page = reverse("admin:alerts_signingsecret_change", args=[signing.pk])
        assert SECRET not in client.get(page).content.decode()
        # Left empty it stays.
        fields = {"new_secret": "", "header": "X-Sig", "timestamp_header": ""}
        assert client.post(page, fields).status_code == 302
        signing.refresh_from_db()
        assert (signing.secret, signing.header) == (SECRET, "X-Sig")
        assert post(DOOR, BODY, text, **{"X-Sig": sign()})[0] == 200
        trail = json.dumps(list(AuditEntry.objects.values_list("before", "after")))
        assert SECRET not in trail
        assert AuditEntry.objects.filter(target_type="alerts.signingsecret").count() == 2

    def test_it_acts_at_once_where_it_was_set(self, client, key):
        made, text = key
        assert post(DOOR, BODY, text)[0] == 200
        client.force_login(make_person("administrator"))
        client.post(reverse(self.ADD), self.form(made))
        assert post(DOOR, BODY, text)[0] == 403
        signing = SigningSecret.objects.get()
        removal = reverse("admin:alerts_signingsecret_delete", args=[signing.pk])
        assert client.post(removal, {"post": "yes"}).status_code == 302
        assert post(DOOR, BODY, text)[0] == 200

    def test_a_wrong_form_is_told(self, client, key):
        client.force_login(make_person("administrator"))
        answer = client.post(reverse(self.ADD), self.form(key[0], new_secret="short"))
        assert answer.status_code == 200
        assert not SigningSecret.objects.exists()
        assert "from 16 to 500 characters" in answer.content.decode()

    def test_team_admins_set_those_of_their_teams_keys_only(self, client, key):
        team = make_team()
        ours = make_key("alerts:write", team=team)[0]
        client.force_login(make_person("team_admin", team))
        assert client.post(reverse(self.ADD), self.form(key[0])).status_code == 200
        assert client.post(reverse(self.ADD), self.form(ours)).status_code == 302
        assert SigningSecret.objects.get().key == ours
        set_secret(key[0])
        theirs = SigningSecret.objects.get(key=key[0])
        page = reverse("admin:alerts_signingsecret_change", args=[theirs.pk])
        assert client.post(page, {"header": "X-Sig"}).status_code == 403
        assert "Secret" not in client.get(page).content.decode().split("<form")[-1]

"""Keys: made, resolved, revoked."""

import re
from base64 import b64encode
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.credentials import bearer_key, offered_key
from opsportal.accounts.keys import (
    create_key,
    require_scope,
    resolve_key,
    revoke_key,
)
from opsportal.accounts.models import ApiKey, AuditEntry
from opsportal.lib.errors import ForbiddenError, NotAuthenticatedError, PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team

pytestmark = pytest.mark.django_db


def test_the_text_of_a_key_is_stored_nowhere():
    key, text = make_key("alerts:write")
    stored = ApiKey.objects.values().get(pk=key.pk)
    assert text.startswith(f"ops_{key.prefix}_")
    assert text.split("_", 2)[2] not in str(stored)


def test_a_key_is_found_by_its_header_with_all_its_fields():
    now = utc_now()
    key, text = make_key(
        "alerts:write",
        "alerts:read",
        team=make_team(),
        rate_limit=5,
        expires_at=now + timedelta(days=1),
    )
    found = resolve_key(text, now)
    key.refresh_from_db()
    for field in ApiKey._meta.concrete_fields:
        if field.name != "last_used_at":
            assert getattr(found, field.attname) == getattr(key, field.attname), field.name
    assert found.team == key.team
    found.name = "changed"
    found.save(update_fields=["name"])
    assert resolve_key(text, now).name == "changed"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic {text}",
        "{text}",
        "Bearer {text}x",
        "Bearer {text}\n",
        "Bearer {other}",
        "Bearer ops_nosuchprefix_" + "x" * 43,
        "Bearer \0",
        "Bearer ops_\udc80" + "x" * 60,
    ],
)
def test_anything_but_the_whole_key_is_refused(header):
    _, text = make_key("alerts:write")
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    with pytest.raises(NotAuthenticatedError):
        resolve_key(bearer_key(header.replace("{text}", text).replace("{other}", other)), utc_now())


def test_revocation_expiry_and_scopes_act_on_the_next_call():
    now = utc_now()
    key, text = make_key("alerts:write")
    assert resolve_key(text, now).scopes == ["alerts:write"]
    # As another process would, past any memory of this one.
    ApiKey.objects.filter(pk=key.pk).update(scopes=["alerts:read"])
    assert resolve_key(text, now).scopes == ["alerts:read"]
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now)
    with pytest.raises(NotAuthenticatedError, match="expired"):
        resolve_key(text, now)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=None, revoked_at=now)
    with pytest.raises(NotAuthenticatedError, match="revoked"):
        resolve_key(text, now)
    ApiKey.objects.filter(pk=key.pk).delete()
    with pytest.raises(NotAuthenticatedError, match="not known"):
        resolve_key(text, now)


def test_the_last_use_is_written_once_a_minute():
    key, text = make_key("alerts:write")
    now = utc_now()
    with CaptureQueriesContext(
        connection,
    ) as first:
        resolve_key(text, now)
    with CaptureQueriesContext(connection) as second:
        resolve_key(text, now + timedelta(seconds=59))
    assert (len(first), len(second)) == (2, 1)
    resolve_key(text, now + timedelta(seconds=60))
    key.refresh_from_db()
    assert key.last_used_at == now + timedelta(seconds=60)


def test_a_revoked_key_leaves_one_audit_entry_however_often_it_is_revoked():
    key, _ = make_key("alerts:write")
    assert revoke_key(key, actor=COMMAND_LINE, now=utc_now())
    assert not revoke_key(key, actor=COMMAND_LINE, now=utc_now())
    entry = AuditEntry.objects.get(action="revoke")
    assert (entry.actor, entry.target_id) == ("command line", str(key.pk))
    assert key.key_hash not in str(entry.before) + str(entry.after)


def test_a_scope_that_is_missing_is_named():
    key, _ = make_key("alerts:read")
    require_scope(key, "alerts:read")
    with pytest.raises(ForbiddenError, match="alerts:write"):
        require_scope(key, "alerts:write")


@pytest.mark.parametrize("scopes", [[], ["alerts:all"], ["alerts:read", ""]])
def test_unknown_scopes_make_no_key(scopes):
    with pytest.raises(PayloadError, match="known: alerts:write"):
        create_key("x", scopes, actor=COMMAND_LINE, now=utc_now())


def test_createkey_prints_the_key_and_nothing_else(capsys):
    team = make_team("payments")
    call_command(
        "createkey",
        "probe",
        scope=["alerts:write", "alerts:read"],
        team="payments",
        rate_limit=10,
        expires_in=2,
    )
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    key = resolve_key(out.strip(), utc_now())
    assert (key.name, key.team, key.rate_limit) == ("probe", team, 10)
    assert key.expires_at
    assert timedelta(days=1) < key.expires_at - utc_now() < timedelta(days=2)
    assert AuditEntry.objects.get(action="create").actor == "command line"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scope": ["nope"]}, "known: alerts:write"),
        ({"scope": []}, "at least one scope"),
        ({"scope": ["alerts:read"], "team": "nobody"}, "no team 'nobody'; known: none"),
        ({"scope": ["alerts:read"], "rate_limit": 0}, "rate-limit"),
        ({"scope": ["alerts:read"], "expires_in": 0}, "expires-in"),
    ],
)
def test_createkey_says_what_is_wrong_and_makes_nothing(options, message, capsys):
    with pytest.raises(CommandError, match=message):
        call_command("createkey", "probe", **options)
    assert capsys.readouterr().out == ""
    assert not ApiKey.objects.exists()


def test_revokekey_takes_the_prefix(capsys):
    key, text = make_key("alerts:write")
    call_command("revokekey", key.prefix)
    with pytest.raises(NotAuthenticatedError, match="revoked"):
        resolve_key(text, utc_now())
    with pytest.raises(CommandError, match="no key"):
        call_command("revokekey", "nothing")


def test_a_short_key_has_the_form_of_a_routing_key():
    made, text = make_key("alerts:write", short=True)
    assert re.fullmatch("[a-z0-9]{32}", text)
    assert resolve_key(text, utc_now()) == made
    with pytest.raises(NotAuthenticatedError):
        resolve_key(text[:-1] + ("a" if text[-1] != "a" else "b"), utc_now())


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AUTHORIZATION": "Bearer K"},
        {"HTTP_AUTHORIZATION": "Key K"},
        {"HTTP_AUTHORIZATION": "GenieKey K"},
        {"HTTP_AUTHORIZATION": "Basic " + b64encode(b"anybody:K").decode()},
        {"HTTP_AUTHORIZATION": "Basic " + b64encode(b"K:").decode()},
        {"HTTP_X_API_KEY": "K"},
        {"HTTP_X_ROUTING_KEY": "K"},
        {"HTTP_AUTHORIZATION": "MyScheme K"},
        {"HTTP_AUTHORIZATION": "MyScheme other", "HTTP_X_API_KEY": "K"},
    ],
)
def test_a_key_is_found_wherever_a_foreign_contract_has_it(environ):
    assert offered_key(environ) == "K"


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !", "Basic " + b64encode(b"\xff").decode(), "Digest a=b, c=d", "K"],
)
def test_no_key_is_found_where_there_is_none(header):
    assert offered_key({"HTTP_AUTHORIZATION": header}) == ""

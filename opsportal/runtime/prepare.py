"""What must be true before the portal's processes start; quick when it already is."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import audit_state, record_audit
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import ApiKey
from opsportal.runtime.assets import collect_assets
from opsportal.runtime.schedules import sync_schedules

FIRST_KEY_NAME = "first key"
FIRST_KEY_SCOPES = ["alerts:write", "alerts:read", "events:write", "events:read"]
# Any number that nobody else locks.
_ADVISORY_LOCK = 7_236_411_905


@dataclass(frozen=True)
class FirstStart:
    """What was made just now and is shown once; empty where it was there before."""

    admin: str = ""
    password: str = ""
    key: str = ""


def prepare_portal(now: datetime) -> FirstStart:
    """Migrations, cache table, static files, schedules, the first administrator and key."""
    with _one_at_a_time():
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.REDIS_URL:
            call_command("createcachetable", verbosity=0)
        collect_assets()
        sync_schedules(now)
        admin, password = _first_administrator(now)
        return FirstStart(admin, password, _first_key(now))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts at once, on one machine or on many, prepare one after the other."""
    with (settings.DATA_DIR / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])


def _first_administrator(now: datetime) -> tuple[str, str]:
    """Name and generated password; the password is empty when the environment gave it."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return "", ""
    generated = "" if settings.ADMIN_PASSWORD else secrets.token_urlsafe(15)
    user = get_user_model()(
        username=settings.ADMIN_USER, is_superuser=True, is_staff=True, is_active=True
    )
    user.set_password(settings.ADMIN_PASSWORD or generated)
    with transaction.atomic():
        user.save()
        record_audit(COMMAND_LINE, "create", user, after=audit_state(user), now=now)
    return settings.ADMIN_USER, generated


def _first_key(now: datetime) -> str:
    if ApiKey.objects.exists():
        return ""
    _, key = create_key(FIRST_KEY_NAME, FIRST_KEY_SCOPES, actor=COMMAND_LINE, now=now)
    return key

"""Is the portal alive, and is it ready for work?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from opsportal.lib.outbox import all_outboxes, oldest_due
from opsportal.lib.requests import logged
from opsportal.lib.times import utc_now
from opsportal.runtime.heartbeat import DISPATCHER, STALE_SECONDS, latest_beat

# Work that is due for longer means that nobody does it.
LATE = timedelta(minutes=2)
Check = tuple[bool, dict[str, Any]]
_migrated: list[bool] = []


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503; each check says what it saw."""
    checks: dict[str, Callable[[], Check]] = {
        "database": check_database,
        "migrations": check_migrations,
        "dispatcher": check_dispatcher,
        "outboxes": check_outboxes,
    }
    found: dict[str, Any] = {}
    ready = True
    for name, check in checks.items():
        try:
            passed, details = check()
        except (DatabaseError, InterfaceError):
            passed, details = False, {"error": "the database cannot be asked"}
        ready = ready and passed
        found[name] = {"ok": passed, **details}
        if name == "database" and not passed:
            break  # the others would wait for the same
    response = JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503)
    response.headers["Cache-Control"] = "no-store"
    # Who asks is told; Django would log an error at every probe.
    return logged(response)


def check_database() -> Check:
    """It answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True, {}


def check_migrations() -> Check:
    """All are applied. Asked until it is so: this process's code does not change after that."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return False, {"missing": len(missing)}
        _migrated.append(True)
    return True, {}


def check_dispatcher() -> Check:
    """One has shown a sign of life lately."""
    beat_at = latest_beat(DISPATCHER)
    if beat_at is None:
        return False, {"error": "none has been seen"}
    age = max(0.0, (utc_now() - beat_at).total_seconds())
    return age < STALE_SECONDS, {"last_seen_seconds_ago": round(age, 1)}


def check_outboxes() -> Check:
    """No outbox has rows that have been due for long."""
    now = utc_now()
    ages = {outbox.slug: oldest_due(outbox, now) for outbox in all_outboxes()}
    seconds = {slug: round(age.total_seconds(), 1) for slug, age in ages.items()}
    return all(age < LATE for age in ages.values()), {"oldest_due_seconds": seconds}

"""The yardstick: granian, msgspec, one sorted upsert, the same database; no framework, no checks.

It answers when its transaction is committed, with the same durability as the portal.
"""

import os
import sqlite3
import threading
import time

import msgspec
import psycopg

URL = os.environ["BAREST_DATABASE_URL"]
COLUMNS = (
    "dedup_key", "name", "severity", "status", "summary", "service", "environment", "resource",
    "labels",
)  # fmt: skip
CREATE = f"""
CREATE TABLE IF NOT EXISTS barest (
    dedup_key text PRIMARY KEY, name text, severity text, status text, summary text, service text,
    environment text, resource text, labels {"jsonb" if URL.startswith("postgres") else "text"},
    repeat_count int DEFAULT 0, last_received_at double precision)
"""
# As many as a list of alerts needs to be asked by; repeats touch none of them.
INDEXES = [
    f"CREATE INDEX IF NOT EXISTS barest_{column} ON barest ({column})"
    for column in ("status", "severity", "service", "resource")
]
UPSERT = """
ON CONFLICT (dedup_key) DO UPDATE SET repeat_count = barest.repeat_count + 1,
    last_received_at = excluded.last_received_at, summary = excluded.summary
"""
SQLITE = (
    f"INSERT INTO barest ({', '.join(COLUMNS)}, last_received_at)"
    f" VALUES ({', '.join('?' * 10)}) {UPSERT}"
)
POSTGRES = (
    f"INSERT INTO barest ({', '.join(COLUMNS)}, last_received_at)"
    f" SELECT {', '.join(c if c != 'labels' else 'labels::jsonb' for c in COLUMNS)}, %s"
    f" FROM unnest({', '.join(['%s::text[]'] * 9)}) AS given ({', '.join(COLUMNS)}) {UPSERT}"
)


class Alert(msgspec.Struct):
    """What the load sends."""

    name: str
    dedup_key: str
    severity: str = "warning"
    status: str = "firing"
    summary: str = ""
    service: str = ""
    environment: str = ""
    resource: str = ""
    labels: dict[str, str] = {}


one, many = msgspec.json.Decoder(Alert), msgspec.json.Decoder(list[Alert])
local = threading.local()


def write(alerts):
    """One transaction, keys merged and sorted."""
    rows = sorted(
        {
            a.dedup_key: (
                a.dedup_key, a.name, a.severity, a.status, a.summary, a.service, a.environment,
                a.resource, msgspec.json.encode(a.labels).decode(),
            )
            for a in alerts
        }.values()
    )  # fmt: skip
    now = time.time()
    if URL.startswith("postgres"):
        if not hasattr(local, "db"):
            local.db = psycopg.connect(URL, autocommit=True)
        columns = [list(column) for column in zip(*rows, strict=True)]
        local.db.execute(POSTGRES, (now, *columns))
        return
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(URL, timeout=20, isolation_level=None, check_same_thread=False)
        local.db.execute("PRAGMA journal_mode=WAL")
        local.db.execute("PRAGMA synchronous=FULL")
        local.db.execute("PRAGMA wal_autocheckpoint=8000")
    local.db.execute("BEGIN IMMEDIATE")
    local.db.executemany(SQLITE, [(*row, now) for row in rows])
    local.db.execute("COMMIT")


def create():
    """The table, once before the server starts."""
    if URL.startswith("postgres"):
        with psycopg.connect(URL, autocommit=True) as database:
            database.execute("DROP TABLE IF EXISTS barest")
            for statement in (CREATE, *INDEXES):
                database.execute(statement)
    else:
        database = sqlite3.connect(URL)
        database.execute("PRAGMA journal_mode=WAL")
        for statement in (CREATE, *INDEXES):
            database.execute(statement)
        database.close()


def application(environ, start_response):
    """WSGI."""
    body = environ["wsgi.input"].read()
    if body:
        write(many.decode(body) if body[:1] == b"[" else [one.decode(body)])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "15")])
    return [b'{"status":"ok"}']


if __name__ == "__main__":
    create()

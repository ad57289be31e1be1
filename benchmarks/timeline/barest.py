"""The yardstick of taking in: granian, msgspec, the same table with the same indexes; no checks.

It answers when its transaction is committed, with the same durability as the portal, and keeps a
key of each change by which the same is not stored twice.
"""

import os
import sqlite3
import threading
import uuid
from hashlib import blake2b

import msgspec
import psycopg

URL = os.environ["BAREST_DATABASE_URL"]
POSTGRES = URL.startswith("postgres")
GIVEN = (
    "kind", "title", "service", "environment", "version", "actor", "source", "external_id",
    "started_at",
)  # fmt: skip
_TEXTS = (
    "action", "region", "previous_version", "team", "actor_type", "actor_email", "subject",
    "artifact", '"commit"', "repository", "correlation_id", "causation_id", "scope", "body",
)  # fmt: skip
COLUMNS = (
    *GIVEN, *_TEXTS, "status", "severity", "ended_at", "recorded_at", "updated_at", "late",
    "skewed", "lasting", "reports", "tags", "labels", "links", "data",
)  # fmt: skip


class Change(msgspec.Struct):
    """What the load sends."""

    kind: str
    title: str
    service: str
    environment: str
    version: str
    actor: str
    source: str
    external_id: str
    started_at: str


one, many = msgspec.json.Decoder(Change), msgspec.json.Decoder(list[Change])
local = threading.local()
_mark = "%s" if POSTGRES else "?"
INSERT = (
    f"INSERT INTO chronos_changeevent ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join([_mark] * len(COLUMNS))})"
)
KEYS = f"INSERT INTO chronos_eventkey (id, event_id) VALUES ({_mark}, {_mark})"


def row(change):
    """Everything of the row, most of it empty."""
    at = change.started_at
    if not POSTGRES:
        at = at.replace("T", " ").removesuffix("Z")
    given = [getattr(change, name) for name in GIVEN[:-1]]
    return (
        *given, at, *[""] * len(_TEXTS), "succeeded", 0, at, at, at, False, False, False, 1,
        "[]", "{}", "[]", "{}",
    )  # fmt: skip


def key(change):
    """A digest of source and id."""
    text = f"{change.source}\0{change.external_id}".encode()
    return uuid.UUID(bytes=blake2b(text, digest_size=16).digest())


def write(changes):
    """One transaction."""
    rows = [row(change) for change in changes]
    if POSTGRES:
        if not hasattr(local, "db"):
            local.db = psycopg.connect(URL)
        with local.db.cursor() as cursor:
            cursor.executemany(INSERT, rows)
            cursor.executemany(KEYS, [(key(change), 1) for change in changes])
        local.db.commit()
        return
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(URL, timeout=20, isolation_level=None, check_same_thread=False)
        local.db.execute("PRAGMA synchronous=FULL")
        local.db.execute("PRAGMA wal_autocheckpoint=8000")
    local.db.execute("BEGIN IMMEDIATE")
    local.db.executemany(INSERT, rows)
    local.db.executemany(KEYS, [(key(change).hex, 1) for change in changes])
    local.db.execute("COMMIT")


def application(environ, start_response):
    """WSGI."""
    body = environ["wsgi.input"].read()
    if body:
        write(many.decode(body) if body[:1] == b"[" else [one.decode(body)])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "15")])
    return [b'{"status":"ok"}']

"""A store that has been in use for long: many episodes, put there by the database itself."""

import contextlib
import sqlite3

import psycopg

OPEN_SHARE = 50  # one of so many still fires
# Portable but for how numbers are counted and instants are said; `{n}` is the number.
ALERTS = """
INSERT INTO alerts_alert (dedup_key, name, status, severity, received_severity, summary,
    description, source, service, resource, environment, region, labels, annotations, links,
    runbook_url, raw, content_hash, suppressed, flapping, starts_at, received_at,
    last_received_at, resolved_at, repeat_count)
SELECT 'stored-' || (n % 200000) || '-' || CASE WHEN n % {share} = 0 THEN n ELSE 0 END, 'DiskFull',
    CASE WHEN n % {share} = 0 THEN 'firing' ELSE 'resolved' END, 'warning', 'warning',
    'The disk of host-' || (n % 200000) || ' is 91 percent full', '', '', 'billing-' || (n % 20),
    'host-' || (n % 200000), 'production', '',
    '{{"cluster":"eu-1","device":"/dev/nvme0n1","mountpoint":"/var/lib/postgresql"}}', '{{}}', '[]',
    '', '{{"name":"DiskFull","service":"billing"}}', '0123456789abcdef', '', 0, {at}, {at}, {at},
    CASE WHEN n % {share} = 0 THEN NULL ELSE {at} END, 3
FROM ({numbers}) AS numbers
"""
TRANSITIONS = """
INSERT INTO alerts_transition (alert_id, kind, at, before, after, note, actor)
SELECT id, 'opened', received_at, '', 'warning', '', '' FROM alerts_alert
WHERE dedup_key LIKE 'stored-%'
"""
DECISIONS = """
INSERT INTO alerts_decision
    (transition_id, state, due_at, attempts, last_error, finished_at, outcome, reasons)
SELECT transition.id, 'done', at, 1, '', at, 'nobody', '[]'
FROM alerts_transition transition JOIN alerts_alert alert ON alert.id = alert_id
WHERE dedup_key LIKE 'stored-%'
"""
BAREST = """
INSERT INTO barest (dedup_key, name, severity, status, summary, service, environment, resource,
    labels, repeat_count, last_received_at)
SELECT 'stored-' || n, 'DiskFull', 'warning', 'firing', 'The disk is 91 percent full',
    'billing-' || (n % 20), 'production', 'host-' || n,
    '{{"cluster":"eu-1","device":"/dev/nvme0n1","mountpoint":"/var/lib/postgresql"}}', 3, 0
FROM ({numbers}) AS numbers
"""


def fill_portal(portal, count):
    """So many episodes of the last month, routed long ago."""
    postgres = bool(portal.database)
    at = (
        "now() - (n % 2592000) * interval '1 second'"
        if postgres
        else "strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || (n % 2592000) || ' seconds')"
    )
    fill = {"numbers": _numbers(count, postgres=postgres), "at": at, "share": OPEN_SHARE}
    statements = [ALERTS.format(**fill), TRANSITIONS, DECISIONS]
    _run(portal.database or portal.folder / "opsportal.sqlite3", statements, postgres=postgres)


def fill_barest(place, count, *, postgres):
    """As many rows of the yardstick's own."""
    _run(place, [BAREST.format(numbers=_numbers(count, postgres=postgres))], postgres=postgres)


def _numbers(count, *, postgres):
    if postgres:
        return f"SELECT n FROM generate_series(1, {count}) AS n"
    return (
        "WITH RECURSIVE counted(n) AS"
        f" (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) SELECT n FROM counted"
    )


def _run(place, statements, *, postgres):
    if postgres:
        with psycopg.connect(place, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute("VACUUM ANALYZE")
        return
    with contextlib.closing(sqlite3.connect(place, timeout=600)) as connection:
        for statement in statements:
            connection.execute(statement)
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

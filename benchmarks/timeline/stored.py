"""A timeline that has been in use for a year: many changes, put there by the database itself."""

import contextlib
import sqlite3

import psycopg

SERVICES, ENVIRONMENTS = 2000, 8
YEAR = 31_536_000
# Portable but for how numbers are counted and instants are said; n is the number, and m a number
# without order made of it, so that neighbours in time are neighbours in nothing else.
EVENTS = """
INSERT INTO chronos_changeevent (kind, action, status, title, service, environment, region, version,
    previous_version, team, actor, actor_type, actor_email, source, external_id, subject, severity,
    artifact, "commit", repository, correlation_id, causation_id, started_at, ended_at,
    recorded_at, updated_at, late, skewed, lasting, reports, scope, tags, labels, links, data, body)
SELECT CASE WHEN m % 10 < 4 THEN 'deployment' WHEN m % 10 < 6 THEN 'config'
        WHEN m % 10 = 6 THEN 'flag' WHEN m % 10 = 7 THEN 'scale' WHEN m % 10 = 8 THEN 'job'
        ELSE 'infra' END,
    '', CASE WHEN m % 50 = 0 THEN 'failed' ELSE 'succeeded' END,
    'Change ' || n || ' of service-' || (m % {services}) || ' rare' || (m % 100003) || ' common',
    'service-' || (m % {services}), 'env-' || (m / 7 % {environments}), 'eu-' || (m % 3), 'v' || n,
    '', 'team-' || (m % 40), 'person-' || (m % 300), 'user', '', 'source-' || (m % 12), 'id-' || n,
    '', 0, '', '', '', '', '', {began}, {ended}, {ended}, {ended}, {false}, {false}, {false}, 1, '',
    CASE WHEN m % 20 = 0 THEN '["hotfix", "tag-' || (m % 500) || '"]' ELSE '[]' END {json},
    '{{"cluster": "eu-1"}}' {json}, '[]' {json}, '{{"build": "4711", "by": "pipeline"}}' {json}, ''
FROM (SELECT n, (n * 7919 + n / 13 * 104729) % 1000003 AS m FROM ({numbers}) AS counted) AS numbers
"""


def fill(portal, count, *, first=0):
    """So many changes, spread over the year until now, `first` of which are there already."""
    postgres = bool(portal.database)
    back = f"({YEAR}.0 * ({first + count} - n) / {count})"
    if postgres:
        numbers = f"SELECT n::bigint FROM generate_series({first + 1}, {first + count}) AS n"
        began = f"now() - {back} * interval '1 second'"
        ended = f"{began} + (m % 600) * interval '1 second'"
        false, json = "false", "::jsonb"
    else:
        numbers = (
            f"WITH RECURSIVE counted(n) AS (SELECT {first + 1} UNION ALL SELECT n + 1 FROM counted"
            f" WHERE n < {first + count}) SELECT n FROM counted"
        )
        instant = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || {} || ' seconds')"
        began, ended = instant.format(back), instant.format(f"max(0, {back} - m % 600)")
        false, json = "0", ""
    statement = EVENTS.format(
        numbers=numbers, began=began, ended=ended, false=false, json=json,
        services=SERVICES, environments=ENVIRONMENTS,
    )  # fmt: skip
    run(portal, statement)


def run(portal, *statements):
    """Each in a transaction of its own; then the database gathers its statistics."""
    if portal.database:
        with psycopg.connect(portal.database, autocommit=True) as connection:
            for statement in (*statements, "VACUUM ANALYZE chronos_changeevent"):
                connection.execute(statement)
        return
    place = portal.folder / "opsportal.sqlite3"
    with contextlib.closing(
        sqlite3.connect(place, timeout=600, isolation_level=None)
    ) as connection:
        for statement in (*statements, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.execute(statement)

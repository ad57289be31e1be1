"""An inventory that has been watched for months, put there by the database itself."""

import contextlib
import sqlite3

import psycopg

ACCOUNTS, ACTORS = 200, 300
# Portable but for how numbers are counted and JSON is said; n is the number, m one without order.
_ACCOUNTS = """
INSERT INTO security_cloudaccount (account_id, name, kind, partition, role_name, regions, without,
    enabled, frozen, s3_canonical_id, org_id, ou_path, trail_queue_url, note, created_at,
    test)
SELECT {pad}, 'account-' || n, 'managed', 'aws', '', '[]'{json}, '[]'{json}, {true}, {false}, '',
    '', '', '', '', {now}, '{{}}'{json}
FROM ({numbers}) AS numbers
"""
_RULE = (
    '{{"description": "office", "direction": "in", "from": \' || (m % 60000) || \', "kind": "ipv4",'
    ' "peer": "10.\' || (n % 250) || \'.\' || (m % 250) || \'.0/24", "protocol": "tcp",'
    " \"to\": ' || (m % 60000) || '}}"
)
_CONFIG = (
    '{{"description": "benchmark", "name": "group-\' || n || \'", "owner": "123456789012",'
    f' "rules": [{", ".join([_RULE] * 5)}], "vpc": "vpc-\' || (n % 500) || \'"}}}}'
)
_TAGS = '{{"env": "env-\' || (n % 8) || \'", "team": "team-\' || (n % 40) || \'"}}'
_TECHNOLOGY = (
    "CASE WHEN {0} % 10 < 7 THEN 'aws.ec2.securitygroup' WHEN {0} % 10 < 9 THEN 'aws.iam.role' "
    "WHEN {0} % 1000 = 9 THEN 'aws.ec2.prefixlist' ELSE 'aws.s3.bucket' END"
)
_RESOURCES = f"""
INSERT INTO security_cloudresource (account_id, region, technology, resource_id, arn, name,
    unique_id, state, first_seen_at, changed_at, captured_at, complete_hash, durable_hash,
    normaliser_version, config, unknown, tags, revision_count, score, full_score,
    audited_number)
SELECT (SELECT min(id) FROM security_cloudaccount) + n % {ACCOUNTS}, 'eu-' || (m % 17),
    {_TECHNOLOGY.format("n")}, 'sg-' || n, 'arn:aws:ec2:eu:1:sg/' || n, 'group-' || n, '',
    CASE WHEN n % 20 = 0 THEN 'deleted' ELSE 'active' END, {{began}}, {{now}}, {{now}}, 'c', 'd', 1,
    '{_CONFIG}'{{json}}, '{{{{}}}}'{{json}}, '{_TAGS}'{{json}}, {{each}}, m % 11, m % 11, {{each}}
FROM (SELECT n, (n * 7919) % 1000003 AS m FROM ({{numbers}}) AS counted) AS numbers
"""
_REVISIONS = f"""
INSERT INTO security_configrevision (resource_id, number, kind, source, change_class, captured_at,
    config, tags, changes, summary, complete_hash, durable_hash, normaliser_version, account_id,
    region, technology, score_change, actor, attribution)
SELECT (SELECT min(id) FROM security_cloudresource) + o - 1, (n - 1) / {{resources}} + 1,
    CASE WHEN n <= {{resources}} THEN 'created' WHEN n > {{last}} AND o % 20 = 0 THEN 'deleted'
        ELSE 'changed' END,
    'poll', CASE WHEN m % 10 < 5 THEN 'security' WHEN m % 10 < 8 THEN 'operational' ELSE 'cosmetic'
        END, {{began}}, '{_CONFIG}'{{json}}, '{_TAGS}'{{json}},
    '[{{{{"op": "add", "path": "rules", "element": true, "change_class": "security", "new":
        {_RULE}}}}}]'{{json}},
    '+ in tcp 22 ipv4 10.0.0.0/8 "office"', 'c', 'd', 1,
    (SELECT min(id) FROM security_cloudaccount) + o % {ACCOUNTS}, 'eu-' || (o % 17),
    {_TECHNOLOGY.format("o")}, CASE WHEN m % 100 = 0 THEN 9 ELSE 0 END,
    'person-' || (m % {ACTORS}), CASE WHEN m % 200 = 0 THEN 'none' ELSE 'exact' END
FROM (SELECT n, (n - 1) % {{resources}} + 1 AS o, (n * 7919) % 1000003 AS m
    FROM ({{numbers}}) AS counted) AS numbers
"""
_USES = """
INSERT INTO security_addressuse (resource_id, role, first, length, cidr, note, since)
SELECT (SELECT min(id) FROM security_cloudresource) + n - 1,
    CASE WHEN n % 3 = 0 THEN 'reaches' WHEN n % 3 = 1 THEN 'admits' ELSE 'has' END,
    CASE WHEN n % 3 = 0 THEN '00000000000000000000ffff00000000'
        ELSE '00000000000000000000ffff0a' || {hex} END,
    CASE WHEN n % 3 = 0 THEN 96 ELSE 128 END,
    CASE WHEN n % 3 = 0 THEN '0.0.0.0/0' ELSE '10.x/32' END, 'tcp 22', {began}
FROM ({numbers}) AS numbers
"""
# Over so many seconds.
SPAN = 200 * 86_400


def fill(portal, resources, revisions):
    """So many resources, and revisions of them spread over SPAN until now."""
    postgres = bool(portal.database)
    fields = {
        "json": "::jsonb" if postgres else "", "true": "true" if postgres else "1",
        "false": "false" if postgres else "0", "resources": resources,
        "each": revisions // resources, "last": revisions - resources,
        "now": "now()" if postgres else "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "pad": "lpad(n::text, 12, '0')" if postgres else "printf('%012d', n)",
        "hex": "lpad(to_hex(n % 16777216), 6, '0')" if postgres else "printf('%06x', n % 16777216)",
    }  # fmt: skip
    statements = []
    for statement, count in (
        (_ACCOUNTS, ACCOUNTS), (_RESOURCES, resources), (_REVISIONS, revisions), (_USES, resources),
    ):  # fmt: skip
        back = f"({SPAN}.0 * ({count} - n) / {count})"
        numbers = (
            f"SELECT n::bigint FROM generate_series(1, {count}) AS n"
            if postgres
            else f"WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted"
            f" WHERE n < {count}) SELECT n FROM counted"
        )
        began = (
            f"now() - {back} * interval '1 second'"
            if postgres
            else f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || {back} || ' seconds')"
        )
        statements.append(statement.format(**fields, numbers=numbers, began=began))
    run(portal, statements)


def run(portal, statements):
    """Each in a transaction of its own; then the database gathers its statistics."""
    if portal.database:
        with psycopg.connect(portal.database, autocommit=True) as connection:
            for statement in (*statements, "VACUUM ANALYZE"):
                connection.execute(statement)
        return
    place = portal.folder / "opsportal.sqlite3"
    with contextlib.closing(
        sqlite3.connect(place, timeout=600, isolation_level=None)
    ) as connection:
        for statement in (*statements, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.execute(statement)

"""On PostgreSQL the changes are partitioned by the month in which they began.

The table is made again, partitioned, with the rows, the sequence, the checks and the indexes (by
name) that it had: to Django it is the same one. Dates for which no month is made lie in the
partition chronos_changeevent_default; chronos/partitions.py makes further months.
"""

from django.db import migrations

TABLE, PLAIN, REST = (
    "chronos_changeevent",
    "chronos_changeevent_plain",
    "chronos_changeevent_default",
)


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", [TABLE])
        if cursor.fetchone()[0]:
            return
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) "
            "FROM pg_index WHERE indrelid = %s::regclass AND NOT indisprimary",
            [TABLE],
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = ''",
            [TABLE],
        )
        columns = cursor.fetchone()[0]
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(f"ALTER TABLE {TABLE} RENAME TO {PLAIN}")
        cursor.execute(f"ALTER INDEX {TABLE}_pkey RENAME TO {PLAIN}_pkey")
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [PLAIN])
        cursor.execute(f"ALTER SEQUENCE {cursor.fetchone()[0]} RENAME TO {PLAIN}_id_seq")
        cursor.execute(
            f"CREATE TABLE {TABLE} (LIKE {PLAIN} INCLUDING ALL EXCLUDING INDEXES, "
            f"CONSTRAINT {TABLE}_pkey PRIMARY KEY (id, started_at)) PARTITION BY RANGE (started_at)"
        )
        cursor.execute(f"CREATE TABLE {REST} PARTITION OF {TABLE} DEFAULT")
        cursor.execute(
            "SELECT to_char(month, 'YYYYMM'), to_char(month, 'YYYY-MM-DD+00'), "
            "to_char(month + interval '1 month', 'YYYY-MM-DD+00') FROM ("
            "SELECT DISTINCT date_trunc('month', started_at AT TIME ZONE 'UTC') AS month "
            f"FROM {PLAIN} WHERE started_at BETWEEN now() - interval '10 years' AND now() "
            "UNION SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' "
            "FROM generate_series(0, 2) AS n) AS months ORDER BY month"
        )
        for name, since, until in cursor.fetchall():
            cursor.execute(
                f"CREATE TABLE {TABLE}_{name} PARTITION OF {TABLE} "
                f"FOR VALUES FROM ('{since}') TO ('{until}')"
            )
        cursor.execute(f"INSERT INTO {TABLE} ({columns}) SELECT {columns} FROM {PLAIN}")
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{TABLE}', 'id'), last_value, is_called) "
            f"FROM {PLAIN}_id_seq"
        )
        cursor.execute(f"DROP TABLE {PLAIN}")
        for _, definition in indexes:
            cursor.execute(definition)


class Migration(migrations.Migration):
    dependencies = [
        ("chronos", "0007_keeping"),
    ]

    operations = [migrations.RunPython(partition, migrations.RunPython.noop, elidable=False)]

"""Changes get the whole of their model and what goes with it; what was recorded is kept."""

import chronos.models.freeze
import datetime
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Left

from chronos.indexes import create_text_index, drop_text_index

TABLE, PLAIN, REST = (
    "chronos_changeevent",
    "chronos_changeevent_plain",
    "chronos_changeevent_default",
)


def partition(apps, schema_editor):
    """On PostgreSQL the table is made again, by the month in which changes began.

    It keeps its rows, sequence, checks and indexes (by name): to Django it is the same one. Dates
    for which no month is made lie in the default partition; chronos/partitions.py makes further
    months.
    """
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


def split_kinds(apps, schema_editor):
    """`rule.created` was one word, and the status was not said."""
    ChangeEvent = apps.get_model("chronos", "ChangeEvent")
    dotted = ChangeEvent.objects.filter(kind__contains=".").order_by()
    for kind in list(dotted.values_list("kind", flat=True).distinct()):
        noun, _, deed = kind.rpartition(".")
        ChangeEvent.objects.filter(kind=kind).update(kind=noun[:50], action=deed[:50])
    ChangeEvent.objects.filter(ended_at=None).update(ended_at=models.F("started_at"))
    ChangeEvent.objects.update(kind=Left("kind", 50), updated_at=models.F("recorded_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("chronos", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alias",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("environment", "environment"),
                            ("region", "region"),
                            ("team", "team"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("canonical", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "aliases",
                "ordering": ["field", "name"],
            },
        ),
        migrations.CreateModel(
            name="ChangeCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("kind", models.CharField(max_length=50)),
                ("environment", models.CharField(blank=True, max_length=100)),
                ("source", models.CharField(max_length=200)),
                ("status", models.CharField(max_length=10)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="CountProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("counted_at", models.DateTimeField(null=True)),
                ("looked_at", models.DateTimeField(null=True)),
                ("listening_since", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Dependency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=200)),
                ("depends_on", models.CharField(max_length=200)),
            ],
            options={
                "verbose_name_plural": "dependencies",
                "ordering": ["service", "depends_on"],
            },
        ),
        migrations.CreateModel(
            name="EventKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Freeze",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("reason", models.CharField(max_length=1000)),
                ("match", models.CharField(blank=True, max_length=1000)),
                ("kinds", models.JSONField(default=chronos.models.freeze.usual_kinds)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("recurrence", models.CharField(blank=True, max_length=500)),
                ("zone", models.CharField(default="UTC", max_length=64)),
                ("duration", models.DurationField(blank=True, null=True)),
                ("exceptions", models.JSONField(blank=True, default=list)),
                ("exempt_services", models.JSONField(blank=True, default=list)),
                ("exempt_actors", models.JSONField(blank=True, default=list)),
                ("enabled", models.BooleanField(default=True)),
                ("known_at", models.DateTimeField(editable=False)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="KnownName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=200)),
                ("first_seen_at", models.DateTimeField(blank=True, null=True)),
                ("last_seen_at", models.DateTimeField(blank=True, null=True)),
                ("mentioned_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Running",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=200)),
                ("environment", models.CharField(blank=True, max_length=100)),
                ("region", models.CharField(blank=True, max_length=100)),
                ("version", models.CharField(blank=True, max_length=200)),
                ("previous_version", models.CharField(blank=True, max_length=200)),
                ("removed", models.BooleanField(default=False)),
                ("kind", models.CharField(max_length=50)),
                ("team", models.CharField(blank=True, max_length=100)),
                ("actor", models.CharField(blank=True, max_length=200)),
                ("source", models.CharField(max_length=200)),
                ("event_id", models.BigIntegerField(db_index=True)),
                ("since", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "running",
                "ordering": ["service", "environment", "region"],
            },
        ),
        migrations.CreateModel(
            name="SourceExpectation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=200, unique=True)),
                (
                    "watched",
                    models.BooleanField(
                        default=True, help_text="An alert is raised when it is silent."
                    ),
                ),
                (
                    "every",
                    models.DurationField(
                        blank=True,
                        help_text="Silent after so long, such as 1 00:00:00 for a day. Empty: by its habits.",
                        null=True,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["source"],
            },
        ),
        migrations.CreateModel(
            name="StaleHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Violation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.BigIntegerField()),
                ("freeze_name", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=50)),
                ("title", models.CharField(max_length=500)),
                ("service", models.CharField(blank=True, max_length=200)),
                ("environment", models.CharField(blank=True, max_length=100)),
                ("actor", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField(db_index=True)),
                ("found_at", models.DateTimeField()),
                ("alerted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.AlterModelOptions(
            name="changeevent",
            options={"ordering": ["-started_at", "-id"], "verbose_name": "change"},
        ),
        migrations.RemoveIndex(
            model_name="changeevent",
            name="change_of_service",
        ),
        migrations.RenameField(
            model_name="changeevent",
            old_name="details",
            new_name="data",
        ),
        migrations.RenameField(
            model_name="changeevent",
            old_name="summary",
            new_name="title",
        ),
        migrations.AddField(
            model_name="changeevent",
            name="action",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="actor_email",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="actor_type",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="after",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="artifact",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="before",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="body",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="causation_id",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="commit",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="correlation_id",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="expected_end_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="external_id",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="lasting",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="late",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="links",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="previous_version",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="reports",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="repository",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="scope",
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="severity",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="skewed",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="status",
            field=models.CharField(
                choices=[
                    ("planned", "planned"),
                    ("started", "started"),
                    ("succeeded", "succeeded"),
                    ("failed", "failed"),
                    ("cancelled", "cancelled"),
                    ("unknown", "unknown"),
                ],
                default="succeeded",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="changeevent",
            name="tags",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="changeevent",
            name="updated_at",
            field=models.DateTimeField(
                default=datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="changeevent",
            name="actor",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.RunPython(split_kinds, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="changeevent",
            name="kind",
            field=models.CharField(max_length=50),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(fields=["service", "-started_at", "-id"], name="change_of_service"),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                fields=["environment", "kind", "-started_at", "-id"], name="change_of_place"
            ),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(fields=["kind", "-started_at", "-id"], name="change_of_kind"),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ("deployment", "rollback")), ("status", "succeeded")
                ),
                fields=["environment", "service", "region", "-ended_at", "-id"],
                name="change_deployed",
            ),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["-started_at"],
                name="change_open",
            ),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(("lasting", True)), fields=["-started_at"], name="change_lasting"
            ),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(fields=["updated_at", "id"], name="change_by_update"),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(("correlation_id", ""), _negated=True),
                fields=["correlation_id", "-started_at"],
                name="change_correlated",
            ),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.UniqueConstraint(fields=("field", "name"), name="one_alias"),
        ),
        migrations.AddIndex(
            model_name="changecount",
            index=models.Index(fields=["source", "hour"], name="change_count_of_source"),
        ),
        migrations.AddConstraint(
            model_name="changecount",
            constraint=models.UniqueConstraint(
                fields=("hour", "kind", "environment", "source", "status"), name="one_change_count"
            ),
        ),
        migrations.AddConstraint(
            model_name="dependency",
            constraint=models.UniqueConstraint(
                fields=("service", "depends_on"), name="one_dependency_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="dependency",
            constraint=models.CheckConstraint(
                condition=models.Q(("service", models.F("depends_on")), _negated=True),
                name="depends_on_another",
                violation_error_message="A service does not depend on itself: name another.",
            ),
        ),
        migrations.AddField(
            model_name="freeze",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="accounts.team",
            ),
        ),
        migrations.AddConstraint(
            model_name="knownname",
            constraint=models.UniqueConstraint(fields=("field", "name"), name="one_known_name"),
        ),
        migrations.AddConstraint(
            model_name="running",
            constraint=models.UniqueConstraint(
                fields=("service", "environment", "region"), name="running_place"
            ),
        ),
        migrations.AddField(
            model_name="violation",
            name="freeze",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, to="chronos.freeze"
            ),
        ),
        migrations.AddConstraint(
            model_name="freeze",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("recurrence", ""), ("ends_at__isnull", False)),
                    models.Q(
                        models.Q(("recurrence", ""), _negated=True), ("duration__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="freeze_ends",
                violation_error_message="Say until when: an end, or for a recurrence a duration.",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("alerted_at__isnull", True)),
                fields=["id"],
                name="violation_unheard",
            ),
        ),
        migrations.AddConstraint(
            model_name="violation",
            constraint=models.UniqueConstraint(
                fields=("event_id", "freeze"), name="one_violation_per_freeze"
            ),
        ),
        # Last: what alters SQLite's table takes its triggers away, and what is there is partitioned.
        migrations.RunPython(create_text_index, drop_text_index),
        migrations.RunPython(partition, migrations.RunPython.noop),
    ]

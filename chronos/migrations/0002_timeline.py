"""Changes get the whole of their model; what was recorded so far is kept."""

import datetime
from django.db import migrations, models


def split_kinds(apps, schema_editor):
    """`rule.created` was one word, and the status was not said."""
    ChangeEvent = apps.get_model("chronos", "ChangeEvent")
    dotted = ChangeEvent.objects.filter(kind__contains=".").order_by()
    for kind in list(dotted.values_list("kind", flat=True).distinct()):
        noun, _, deed = kind.rpartition(".")
        ChangeEvent.objects.filter(kind=kind).update(kind=noun[:50], action=deed[:50])
    ChangeEvent.objects.filter(ended_at=None).update(ended_at=models.F("started_at"))
    ChangeEvent.objects.update(updated_at=models.F("recorded_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("chronos", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField(db_index=True)),
            ],
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
                fields=["environment", "service", "region", "-ended_at"],
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
    ]

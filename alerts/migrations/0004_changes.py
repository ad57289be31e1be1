import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("alerts", "0003_every_sender"),
    ]

    operations = [
        migrations.AddField(
            model_name="rawdelivery",
            name="change_ids",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="ChangeWindow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.BigIntegerField(unique=True)),
                ("title", models.CharField(max_length=500)),
                ("match", models.CharField(max_length=1000)),
                (
                    "severity_up_to",
                    models.CharField(
                        choices=[
                            ("critical", "critical"),
                            ("high", "high"),
                            ("warning", "warning"),
                            ("low", "low"),
                            ("info", "info"),
                        ],
                        max_length=8,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("expected_end_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(db_index=True)),
                ("closed", models.BooleanField(default=False)),
                ("author", models.CharField(max_length=200)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Suspicion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("change_id", models.BigIntegerField(db_index=True)),
                ("title", models.CharField(max_length=500)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("confirmed", "Confirmed"), ("rejected", "Rejected")], max_length=9
                    ),
                ),
                ("actor", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="suspicions",
                        to="alerts.alert",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "change_id"), name="one_verdict_per_suspect"
                    )
                ],
            },
        ),
    ]

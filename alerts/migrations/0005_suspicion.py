import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0004_changes_of_deliveries"),
    ]

    operations = [
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

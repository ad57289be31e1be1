from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chronos", "0002_timeline"),
    ]

    operations = [
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("service", "depends_on"), name="one_dependency_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("service", models.F("depends_on")), _negated=True),
                        name="depends_on_another",
                    ),
                ],
            },
        ),
    ]

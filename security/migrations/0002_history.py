"""What the history of configurations is looked up by; revisions are kept as they are."""

from django.db import migrations, models

from security.indexes import create_indexes, drop_indexes


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0001_inventory"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["technology", "id"], name="resource_technology"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["account", "id"], name="resource_account"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["state", "id"], name="resource_state"),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                fields=["change_class", "-captured_at", "-id"], name="revision_class"
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                condition=models.Q(("attribution", "none")),
                fields=["-captured_at", "-id"],
                name="revision_unannounced",
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                condition=models.Q(("score_change", 0), _negated=True),
                fields=["-captured_at", "-id"],
                name="revision_scored",
            ),
        ),
        migrations.RunPython(create_indexes, drop_indexes),
    ]

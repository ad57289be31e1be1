from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chronos", "0004_change_text")]

    operations = [
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(("correlation_id", ""), _negated=True),
                fields=["correlation_id", "-started_at"],
                name="change_correlated",
            ),
        ),
    ]

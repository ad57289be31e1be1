from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0003_every_sender"),
    ]

    operations = [
        migrations.AddField(
            model_name="rawdelivery",
            name="change_ids",
            field=models.JSONField(default=list),
        ),
    ]

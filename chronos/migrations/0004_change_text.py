"""Words and tags of changes are found by an index, and followers find what is new by one."""

from django.db import migrations, models

from chronos.indexes import create_text_index, drop_text_index


class Migration(migrations.Migration):
    dependencies = [("chronos", "0003_dependency")]

    operations = [
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(fields=["updated_at", "id"], name="change_by_update"),
        ),
        migrations.RunPython(create_text_index, drop_text_index),
    ]

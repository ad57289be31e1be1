"""Resources are found by what they say; revisions are kept as they are."""

from django.db import migrations

from security.indexes import create_indexes, drop_indexes


class Migration(migrations.Migration):
    """Comes after whatever alters the two tables: SQLite forgets triggers then."""

    dependencies = [("security", "0001_inventory")]

    operations = [migrations.RunPython(create_indexes, drop_indexes)]

"""SQLite as the portal wants it: the settings, and beside them the backend that they name."""

from dj_database_url import DBConfig

# What `settings.DATABASES` says beside the file's name. One writer at a time; writers take the
# lock at once, so that busy is waited out; what is committed survives a power loss.
SETTINGS: DBConfig = {
    "ENGINE": "opsportal.lib.sqlite",
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;"
            "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
        ),
    },
    # Pragmas are per connection: keep it.
    "CONN_MAX_AGE": None,
}

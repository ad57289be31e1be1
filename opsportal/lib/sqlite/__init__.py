"""Django's SQLite backend, with RE2 as a function of the database."""

"""How the database would find what was asked."""

from typing import Any

from django.db import connection


def plans_of(asked: list[dict[str, Any]], table: str) -> list[str]:
    """The plan of each query that reads the table, where PostgreSQL prefers indexes to few rows."""
    found = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        for query in asked:
            if f'FROM "{table}"' not in query["sql"]:
                continue
            explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            cursor.execute(f"{explain} {query['sql'].replace('%', '%%')}")
            found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return found


def reads_all(plan: str) -> bool:
    """Whether the plan goes through a whole table."""
    lines = plan.splitlines()
    return any("Seq Scan" in line or ("SCAN" in line and "INDEX" not in line) for line in lines)

"""Issuers by a few letters: there are few, so each is looked at."""

import re

from django.db import connection

_MOST_READ, _MOST_MEANT = 2000, 50
# From one to the next by the index, whatever the number of certificates of each.
_ISSUERS = """
WITH RECURSIVE issuers(title) AS (
    SELECT min(issuer_title) FROM certs_certificate
    UNION ALL
    SELECT (SELECT min(issuer_title) FROM certs_certificate WHERE issuer_title > issuers.title)
    FROM issuers WHERE issuers.title IS NOT NULL
)
SELECT title FROM issuers WHERE title IS NOT NULL LIMIT %s
"""


def issuers_like(text: str) -> list[str]:
    """Titles with the text at the beginning of a word, whatever its case. One query."""
    plain = text.strip()
    if not any(c.isalnum() for c in plain):
        return []
    meant = re.compile(r"(?<!\w)" + re.escape(plain), re.IGNORECASE)
    with connection.cursor() as cursor:
        cursor.execute(_ISSUERS, [_MOST_READ])
        found = [title for (title,) in cursor.fetchall() if meant.search(title)]
    return found[:_MOST_MEANT]

"""One look at all that a compiled policy was made of, so that it can be kept until that changes."""

from django.db import connection

# Versions tell of every change by a deed. Their latest few, since one that was made earlier may be
# committed later. The rest tells what changes without a version of its own: teams that are renamed
# or deleted, people who are disabled, rows that go with those they belong to.
_STAMP = """
SELECT 'version', id, '' FROM (
    SELECT id FROM alerts_policyversion ORDER BY id DESC LIMIT 20
) AS latest
UNION ALL SELECT 'team', id, name FROM accounts_team
UNION ALL SELECT 'rules', count(*), CAST(max(id) AS text) FROM alerts_rule
UNION ALL SELECT 'channels', count(*), CAST(max(id) AS text) FROM alerts_channel
UNION ALL SELECT 'subscriptions', count(*), CAST(max(id) AS text) FROM alerts_subscription
UNION ALL SELECT 'inhibitions', count(*), CAST(max(id) AS text) FROM alerts_inhibition
UNION ALL SELECT 'silences', max(id), '' FROM alerts_silence
UNION ALL SELECT 'left', subscription.id, '' FROM alerts_subscription subscription
    JOIN accounts_user person ON person.id = subscription.user_id WHERE NOT person.is_active
"""

Stamp = frozenset[tuple[str, int | None, str | None]]


def policy_stamp() -> Stamp:
    """Equal as long as the policy is."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        return frozenset(cursor.fetchall())


def stamped_version(stamp: Stamp) -> int:
    """The highest version among those that the stamp saw; 0: there is none."""
    return max((number or 0 for kind, number, _ in stamp if kind == "version"), default=0)

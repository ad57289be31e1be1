"""What pages ask, beside the plain SQL that answers the same; run inside the portal's own process.

`python -m benchmarks.timeline.queries ROUNDS` prints a line of JSON a query.
"""

import json
import os
import sys
import time
from datetime import timedelta
from random import Random
from statistics import median, quantiles

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
django.setup()

from django.db import connection

from benchmarks.timeline.stored import ENVIRONMENTS, SERVICES
from chronos.histogram import count_by_time
from chronos.indexes import document
from chronos.models import ChangeEvent
from chronos.search import EventQuery, page_of_events
from chronos.state import running
from chronos.state_query import StateQuery
from opsportal.lib.times import utc_now

PAGE = 100
NOW = utc_now()
SHOWN = ", ".join(f'"{field.column}"' for field in ChangeEvent._meta.concrete_fields)
RANDOM = Random(1)  # noqa: S311
SQLITE = connection.vendor == "sqlite"


def back(**span):
    return NOW - timedelta(**span)


def sql(where, *values, order="started_at DESC, id DESC", limit=PAGE):
    """The plain statement's rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {SHOWN} FROM chronos_changeevent WHERE {where} ORDER BY {order} LIMIT {limit}",
            values,
        )
        return cursor.fetchall()


def page(**asked):
    return page_of_events(EventQuery(until=NOW, **asked), PAGE)[0]


def service():
    return f"service-{RANDOM.randrange(SERVICES)}"


def environment():
    return f"env-{RANDOM.randrange(ENVIRONMENTS)}"


def last_hour():
    since = back(hours=1)
    return (
        lambda: page(since=since),
        lambda: sql("started_at < %s AND started_at >= %s", NOW, since),
    )


def deploys_of_a_day():
    since, where = back(days=1), environment()
    return (
        lambda: page(since=since, kind=("deployment",), environment=(where,)),
        lambda: sql(
            "environment = %s AND kind = 'deployment' AND started_at < %s AND started_at >= %s",
            where, NOW, since,
        ),
    )  # fmt: skip


def one_service():
    since, which = back(days=30), service()
    return (
        lambda: page(since=since, service=(which,)),
        lambda: sql("service = %s AND started_at < %s AND started_at >= %s", which, NOW, since),
    )


def _text(words):
    if SQLITE:
        among = "id IN (SELECT rowid FROM chronos_text WHERE chronos_text MATCH %s)"
        return among, " AND ".join(f'"{word}"' for word in words)
    return f"{document()} @@ plainto_tsquery('simple', %s)", " ".join(words)


def rare_words():
    word = f"rare{RANDOM.randrange(100_003)}"
    where, asked = _text((word,))
    return lambda: page(text=(word,), since=back(days=90)), lambda: sql(
        f"{where} AND started_at < %s AND started_at >= %s", asked, NOW, back(days=90)
    )


def common_word():
    with_common = "EXISTS (SELECT 1 FROM chronos_text WHERE chronos_text MATCH %s"
    where = (
        f"{with_common} AND rowid = chronos_changeevent.id)" if SQLITE else _text(("common",))[0]
    )
    return lambda: page(text=("common",), since=back(days=90)), lambda: sql(
        f"{where} AND started_at < %s AND started_at >= %s", "common", NOW, back(days=90)
    )


def tag_of_a_day():
    since = back(days=1)
    has = (
        "EXISTS (SELECT 1 FROM json_each(tags) WHERE value = %s)" if SQLITE else "tags @> %s::jsonb"
    )
    value = "hotfix" if SQLITE else '["hotfix"]'
    return lambda: page(tags=("hotfix",), since=since), lambda: sql(
        f"{has} AND started_at < %s AND started_at >= %s", value, NOW, since
    )


def _bars(since, seconds):
    bucket = (
        f"unixepoch(started_at) / {seconds}"
        if SQLITE
        else f"floor(extract(epoch FROM started_at) / {seconds})"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {bucket}, kind, count(*) FROM chronos_changeevent"
            " WHERE started_at >= %s AND started_at < %s GROUP BY 1, 2",
            (since, NOW),
        )
        return cursor.fetchall()


def bars_of_a_day():
    since = back(days=1)
    return lambda: count_by_time(EventQuery(since=since, until=NOW)).counts, lambda: _bars(
        since, 900
    )


def bars_of_a_month():
    since = back(days=30)
    return lambda: count_by_time(EventQuery(since=since, until=NOW)).counts, lambda: _bars(
        since, 28_800
    )


def running_service():
    which, at = service(), back(days=RANDOM.randrange(1, 300))
    where = "service = %s AND kind IN ('deployment', 'rollback') AND status = 'succeeded'"
    newest = f"""
        SELECT environment, region, version, max(ended_at) FROM chronos_changeevent
        WHERE {where} AND environment IN ({", ".join(["%s"] * ENVIRONMENTS)}) AND ended_at <= %s
        GROUP BY environment, region{"" if SQLITE else ", version"}"""

    def plain():
        with connection.cursor() as cursor:
            places = [f"env-{number}" for number in range(ENVIRONMENTS)]
            cursor.execute(newest, (which, *places, at))
            return cursor.fetchall()

    return lambda: running(StateQuery(service=(which,), at=at))[0], plain


QUERIES = {
    "last hour, page of 100": last_hour,
    "deploys in one environment, last day, 100": deploys_of_a_day,
    "one service, 30 days, 100": one_service,
    "a rare word, 90 days, newest 100": rare_words,
    "a common word, 90 days, newest 100": common_word,
    "tag, last day, 100": tag_of_a_day,
    "histogram of 24 h by kind": bars_of_a_day,
    "histogram of 30 d by kind": bars_of_a_month,
    "running at T: one service": running_service,
}


def timed(ask):
    """Milliseconds, and how many came."""
    started = time.perf_counter()
    found = ask()
    return (time.perf_counter() - started) * 1000, len(found)


def main(rounds):
    for name, prepare in QUERIES.items():
        ours, plain, rows = [], [], 0
        for turn in range(rounds + 1):
            asks = prepare()
            first = turn % 2  # neither always finds the other's pages in memory
            times = {place: timed(asks[place]) for place in (first, 1 - first)}
            if turn:  # the first warms up
                ours.append(times[0][0])
                plain.append(times[1][0])
                rows = times[0][1]
        seen = {
            "query": name, "ours": median(ours), "plain": median(plain), "rows": rows,
            "p95": quantiles(ours, n=20)[-1],
            "ratio": median(mine / theirs for mine, theirs in zip(ours, plain, strict=True)),
        }  # fmt: skip
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)

"""Who stands in for whom in a lineage of any size."""

import random
import time
from datetime import timedelta

from certs.judge.known import Known, Place, Serving
from certs.models import Certificate
from certs.renew import Mates
from tests.certs.pki import DAY, NOW


def lineage(
    size: int, draw: random.Random, spots: int
) -> tuple[list[Certificate], dict[int, Known]]:
    """So many, of lives that overlap or do not, at some of so many sources and endpoints."""
    rows = []
    for pk in range(1, size + 1):
        begun = NOW + draw.randint(-100, 10) * DAY
        rows.append(
            Certificate(pk=pk, not_before=begun, not_after=begun + draw.choice([30, 90]) * DAY)
        )
    known = {}
    for row in rows:
        places = (
            [Place(draw.randint(1, spots), draw.choice(["x/1", "y/2"]), False, NOW)]
            if draw.random() < 0.3
            else []
        )
        servings = [
            Serving(draw.randint(1, spots), f"192.0.2.{number}", draw.randint(0, 1), NOW)
            for number in range(draw.choice([0, 0, 1, 2]))
        ]
        known[row.pk] = Known(places=places, servings=servings)
    return rows, known


def follows(old: Certificate, new: Certificate, known: dict[int, Known]) -> bool:
    """By the rule's own words."""
    half = old.not_before + (old.not_after - old.not_before) / 2
    here, there = known[old.pk], known[new.pk]
    return (
        new.not_after > old.not_after
        and new.not_before <= NOW < new.not_after
        and (
            here.in_use_since is None
            or new.not_before >= half
            or bool(folders(here) & folders(there))
            or any(
                max(count(here, pk), count(there, pk)) > 1
                for pk in here.endpoint_ids & there.endpoint_ids
            )
        )
    )


def folders(known: Known) -> set[tuple[int, str]]:
    return {(place.source_id, place.locator.split("/")[0]) for place in known.places}


def count(known: Known, endpoint: int) -> int:
    return sum(each.endpoint_id == endpoint and not each.position for each in known.servings)


def test_it_is_the_newest_that_follows():
    draw = random.Random(7)  # noqa: S311
    replaced = 0
    for _ in range(300):
        rows, known = lineage(draw.randint(1, 12), draw, 3)
        # What is nowhere stands in for nobody.
        used = [row for row in rows if known[row.pk].in_use_since is not None]
        mates = Mates(used, known, NOW)
        for row in rows:
            following = [each for each in used if each is not row and follows(row, each, known)]
            newest = max(following, key=lambda each: (each.not_after, each.pk), default=None)
            assert mates.replacement_of(row) is newest
            replaced += newest is not None
    assert replaced > 300


def test_ten_thousand_devices_with_one_name_take_no_time():
    draw = random.Random(7)  # noqa: S311
    rows, known = lineage(10_000, draw, 10_000)
    for row in rows:
        row.not_before, row.not_after = NOW - DAY, NOW + 90 * DAY + timedelta(seconds=row.pk)
    began = time.process_time()
    mates = Mates(rows, known, NOW)
    assert sum(mates.replacement_of(row) is not None for row in rows) > 0
    assert time.process_time() - began < 5

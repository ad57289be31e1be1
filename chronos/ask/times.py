"""Phrases of time: last 90 minutes, since friday 17:00, between 2 and 3pm, during incident 42."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from chronos.ask.clock import Clock, Span
from chronos.ask.cursor import Cursor
from chronos.ask.names import KnownNames
from chronos.ask.points import Point, Points
from chronos.ask.ranges import end_of
from chronos.ask.reading import Bound, Mark, Reference
from chronos.ask.references import read_id, read_reference, read_scope
from chronos.ask.vocabulary import MONTHS, UNITS
from opsportal.lib.errors import PayloadError

# Around a moment, and before what happened.
AROUND = Span(timedelta(minutes=15))
BEFORE = Span(timedelta(hours=1))
_CALENDAR_UNITS = frozenset({"week", "month", "quarter", "year"})
_TO = ("and", "to", "until", "till", "-", "vs", "versus")
# From and to, in hours of the day; a night ends on the day after.
_PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}


class Times:
    """Collects what a question says about time."""

    def __init__(self, cursor: Cursor, clock: Clock, names: KnownNames) -> None:
        self.cursor = cursor
        self.clock = clock
        self.names = names
        self.points = Points(cursor, clock, names)
        self.said: list[str] = []
        self.day: Point | None = None
        self.pair: tuple[Point, Point] | None = None
        self.since: Point | None = None
        self.until: Point | None = None
        self.around: tuple[Point, Span] | None = None
        self.exact: tuple[Bound, Bound] | None = None
        # The one moment that a phrase names, for questions about a moment.
        self.moment: Bound | None = None
        self.at: list[Point] = []

    @property
    def given(self) -> bool:
        """Whether anything was said about time."""
        return bool(self.said)

    def read(self) -> bool:
        """Go past the phrase of time that stands here, if one does. Raises PayloadError."""
        begun = self.cursor.at
        for attempt in (
            self._rolling, self._between, self._since, self._until, self._around, self._beside,
            self._during, self._part_of_day, self._month, self._bare,
        ):  # fmt: skip
            if attempt():
                self.said.append(self.cursor.said(begun))
                return True
            self.cursor.at = begun
        return False

    def _rolling(self) -> bool:
        cursor = self.cursor
        cursor.accept("in", "for", "over", "within", "during", "since")
        rolls = bool(cursor.accept("the", "these"))
        word = cursor.accept("last", "past", "previous", "next")
        if not word:
            return False
        span = cursor.span()
        unit = UNITS.get(cursor.peek())
        if span is None and unit and len(cursor.peek()) > 1:
            if unit in _CALENDAR_UNITS and not (rolls or word == "past"):
                return False
            cursor.at += 1
            span = Span.of(1, unit)
        if span is None:
            return False
        other = self.clock.back(self.clock.now, span, ahead=word == "next")
        self._set_exact(*sorted((other, self.clock.now)))
        return True

    def _set_exact(self, since: Bound, until: Bound, moment: Bound | None = None) -> None:
        self._once(self.exact)
        self.exact = since, until
        self.moment = moment

    def _once(self, earlier: object) -> None:
        if earlier is not None:
            raise PayloadError(f"two times: {' and '.join(self.said)} and another; leave one out")

    def _between(self) -> bool:
        cursor = self.cursor
        if not cursor.accept("between", "from"):
            return False
        first = self.points.point(bare=True)
        return first is not None and self._second(first, _TO)

    def _second(self, first: Point, joints: tuple[str, ...], *, bare: bool = True) -> bool:
        """The end of a range whose start has been read."""
        cursor = self.cursor
        begun = cursor.at
        if not cursor.accept(*joints):
            return False
        if isinstance(first.bound, Mark):
            first, second = self._second_reference(first.bound)
        else:
            second = self.points.point(bare=bare)
        if second is None:
            cursor.at = begun
            return False
        self._once(self.pair)
        self.pair = first, second
        return True

    def _second_reference(self, first: Mark) -> tuple[Point, Point | None]:
        """Between release 1.4 and 1.5 of api: the service is that of both."""
        begun = self.cursor.at
        if found := self.points.point():
            second = found.bound
            if not isinstance(second, Mark):
                return Point(first), found
            said = self.cursor.tokens[begun].lower in {"start", "beginning", "end", "the"}
            reference, edge = second.reference, second.edge if said else "start"
        elif first.reference.id and (identifier := read_id(self.cursor)):
            scope = read_scope(self.cursor, self.names)
            reference, edge = Reference(first.reference.kind, identifier, *scope), "start"
        else:
            return Point(first), None
        one = first.reference
        reference = replace(reference, service=reference.service or one.service)
        if one.kind == reference.kind and not one.service:
            one = replace(one, service=reference.service)
        offset = second.offset if found and isinstance(second, Mark) else timedelta(0)
        return Point(replace(first, reference=one)), Point(Mark(reference, edge, offset))

    def _since(self) -> bool:
        word = self.cursor.accept("since", "after", "from")
        if word and (part := self._part()):
            point: Point | None = Point(part[word == "after"])
        else:
            point = self.points.point() if word else None
            if point is None:
                return False
            if word == "after":
                point = self._after(point)
        self._once(self.since or self.pair)
        self.since = point
        return True

    def _after(self, point: Point) -> Point:
        """After a day, or after all of what is referred to."""
        if isinstance(point.bound, Mark) and not point.bound.offset:
            return Point(replace(point.bound, edge="end"))
        if point.bound is None and point.hour is None:
            return Point(end_of(self.points, point))
        return point

    def _until(self) -> bool:
        word = self.cursor.accept("until", "till", "before")
        point = self.points.point() if word else None
        if point is None:
            return False
        bound = point.bound
        if isinstance(bound, Mark) and not bound.offset:
            bound = replace(bound, edge="start")
            point = Point(bound)
        if word == "before" and isinstance(bound, Mark) and self.since is None:
            self._set_exact(self.points.shifted(bound, BEFORE, ahead=False), bound, bound)
            return True
        if word == "before" and point.bound is None and point.hour is None:
            point = Point(self.points.start(point))
        self._once(self.until or self.pair)
        self.until = point
        return True

    def _around(self) -> bool:
        cursor = self.cursor
        point = self.points.point() if cursor.accept("around", "about", "near", "circa") else None
        if point is None:
            return False
        self._once(self.around)
        self.around = point, self._plus_minus() or AROUND
        return True

    def _plus_minus(self) -> Span | None:
        begun = self.cursor.at
        signed = self.cursor.accept("±", "within") or self.cursor.accept_all("plus", "minus")
        span = self.cursor.span() if signed else None
        if span is None:
            self.cursor.at = begun
        return span

    def _beside(self) -> bool:
        """30 minutes before incident 42; 24h alone is the last 24 hours."""
        cursor = self.cursor
        numbered = cursor.peek()[:1].isdigit()
        span = cursor.span()
        side = cursor.accept("before", "after") if span else ""
        if span and not side and numbered and cursor.peek() != "ago":
            self._set_exact(self.clock.back(self.clock.now, span), self.clock.now)
            return True
        if span is None or not side:
            return False
        point = self.points.mark("start" if side == "before" else "end") or self.points.point()
        if point is None:
            return False
        bound = point if isinstance(point, Mark) else self.points.start(point)
        other = self.points.shifted(bound, span, ahead=side == "after")
        ends = (bound, other) if side == "after" else (other, bound)
        self._set_exact(*ends, other)
        return True

    def _during(self) -> bool:
        cursor = self.cursor
        if not cursor.accept("during", "while"):
            return False
        if reference := read_reference(cursor, self.names):
            self.set_during(reference)
            return True
        return self._set_day(self.points.day())

    def set_during(self, reference: Reference) -> None:
        """From the start to the end of that."""
        start = Mark(reference, "start")
        self._set_exact(start, Mark(reference, "end"), start)

    def _set_day(self, day: Point | None) -> bool:
        if day is None:
            return False
        self._once(self.day)
        self.day = day
        return True

    def _part_of_day(self) -> bool:
        self.cursor.accept("in")
        part = self._part()
        if part:
            self._set_exact(*part)
        return part is not None

    def _part(self) -> tuple[datetime, datetime] | None:
        """This morning, yesterday evening, last night."""
        cursor = self.cursor
        day, part = cursor.peek(), cursor.peek(1)
        if cursor.accept("tonight"):
            day, part = "this", "night"
        elif day in {"this", "yesterday", "last"} and part in _PARTS:
            cursor.at += 2
        else:
            return None
        first = self.clock.period("day", 0 if day == "this" else -1)[0]
        begin, end = _PARTS[part]
        if self.clock.instant(first, time(begin)) > self.clock.now:
            first -= timedelta(days=1)
        last = first + timedelta(days=end // 24)
        return self.clock.instant(first, time(begin)), self.clock.instant(last, time(end % 24))

    def _month(self) -> bool:
        cursor = self.cursor
        if not cursor.accept("in", "during") or cursor.peek() not in MONTHS:
            return False
        month = MONTHS[cursor.peek()] + 1
        cursor.at += 1
        return self._set_day(Point(days=self.clock.month(month, self.points.year())))

    def _bare(self) -> bool:
        """At 14:10, on friday, yesterday, 14:00 to 15:00."""
        cursor = self.cursor
        prefix = cursor.accept_all("as", "of") or bool(cursor.accept("at"))
        if not prefix:
            cursor.accept("on")
        begun = cursor.at
        point = self.points.point()
        if point is None:
            # 2 to 3pm
            point = self.points.point(bare=True)
            return point is not None and self._second(point, ("to", "-"), bare=False)
        if isinstance(point.bound, Mark) and not prefix:
            cursor.at = begun
            return False
        if self._second(point, _TO, bare=False):
            return True
        if point.hour is None and point.bound is None and self.day is None:
            return self._set_day(point)
        self.at.append(point)
        return True

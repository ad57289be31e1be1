"""The words that say what kind of answer is wanted."""

from chronos.ask.cursor import Cursor
from chronos.ask.found import Found
from chronos.ask.reading import Shape
from chronos.ask.references import read_reference
from chronos.ask.times import Times
from chronos.ask.vocabulary import KIND_PAIRS, KIND_WORDS, STATUS_WORDS, group_of

_SHAPES: dict[tuple[str, ...], Shape] = {
    ("how", "many"): Shape.COUNT,
    ("number", "of"): Shape.COUNT,
    ("count",): Shape.COUNT,
    ("who",): Shape.WHO,
    ("whom",): Shape.WHO,
    ("when",): Shape.WHEN,
    ("diff",): Shape.DIFF,
    ("difference",): Shape.DIFF,
    ("differences",): Shape.DIFF,
    ("compare",): Shape.DIFF,
    ("suspect",): Shape.SUSPECTS,
    ("suspects",): Shape.SUSPECTS,
    ("culprit",): Shape.SUSPECTS,
    ("culprits",): Shape.SUSPECTS,
    ("what", "caused"): Shape.SUSPECTS,
    ("what", "broke"): Shape.SUSPECTS,
    ("why",): Shape.SUSPECTS,
    ("what", "version"): Shape.RUNNING,
    ("what", "versions"): Shape.RUNNING,
    ("which", "version"): Shape.RUNNING,
    ("which", "versions"): Shape.RUNNING,
}
_ONGOING = (
    ("still", "running"),
    ("still", "going"),
    ("in", "progress"),
    ("ongoing",),
    ("unfinished",),
)
# Why is api down: what it is like, no word to look for.
_COMPLAINTS = ("broken", "down", "erroring", "failing", "red", "slow")
_LATEST = ("last", "latest", "newest", "recent")
_THINGS = frozenset({"change", "changes", "event", "events"})


class Asking:
    """Reads the shape of a question at a cursor; each says whether it went past something."""

    def __init__(self, cursor: Cursor, times: Times, found: Found) -> None:
        self.cursor = cursor
        self.times = times
        self.found = found
        self.names = found.names

    def subject(self) -> bool:
        """Suspects for incident 42; why is api down."""
        cursor = self.cursor
        if self.found.shape is not Shape.SUSPECTS or self.found.subject:
            return False
        if cursor.accept(*_COMPLAINTS):
            return True
        cursor.accept("for", "of", "behind", "before", "during")
        self.found.subject = read_reference(cursor, self.names)
        return self.found.subject is not None

    def shape(self) -> bool:
        cursor, found = self.cursor, self.found
        for words, shape in _SHAPES.items():
            if cursor.accept_all(*words):
                found.shape = found.shape or shape
                return True
        if cursor.accept("running", "runs"):
            found.running = True
            return True
        return False

    def ongoing(self) -> bool:
        if not any(self.cursor.accept_all(*words) for words in _ONGOING):
            return False
        self.found.set_ongoing()
        return True

    def grouping(self) -> bool:
        cursor = self.cursor
        cursor.accept("grouped", "group")
        if not cursor.accept("by", "per"):
            return False
        groups = []
        while group := group_of(cursor.peek()):
            groups.append(group)
            cursor.at += 1
            if not group_of(cursor.peek(1)) or not cursor.accept("and"):
                break
        self.found.grouping += groups
        return bool(groups)

    def latest(self) -> bool:
        """The last 5 deploys; when did we last deploy; who deployed api last."""
        cursor, found = self.cursor, self.found
        cursor.accept("the", "most")
        if not cursor.accept(*_LATEST):
            return False
        number = cursor.number()
        ahead = 1 if cursor.peek() in STATUS_WORDS else 0
        word = cursor.peek(ahead)
        if word in KIND_WORDS or word in _THINGS or (word, cursor.peek(ahead + 1)) in KIND_PAIRS:
            if number or not word.endswith("s"):
                found.limit = max(1, min(int(number or 1), 1000))
            return True
        if number is None and found.shape in {Shape.WHO, Shape.WHEN}:
            last_word = cursor.at >= len(cursor.tokens) or not self.times.points.peek_period()
            found.newest = last_word
            return last_word
        return False

    def reference(self) -> bool:
        """Incident 42, standing alone."""
        if self.found.subject or self.cursor.peek() not in {"incident", "alert", "event"}:
            return False
        self.found.subject = read_reference(self.cursor, self.names)
        return self.found.subject is not None

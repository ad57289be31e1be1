"""What has been found in a question so far."""

from dataclasses import dataclass, field

from chronos.ask.filters import NEGATED
from chronos.ask.names import KnownNames
from chronos.ask.reading import Filter, Reference, Shape, Suggestion
from chronos.ask.tokens import Token
from opsportal.lib.errors import PayloadError

MOST_WORDS = 10
MOST_SUGGESTIONS = 5


@dataclass
class Found:
    """Filled word by word; `finish_reading` makes a Reading of it."""

    text: str
    names: KnownNames
    shape: Shape | None = None
    filters: list[Filter] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    grouping: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    subject: Reference | None = None
    limit: int | None = None
    # "running" alone: a shape, unless it is said of a kind of change.
    running: bool = False
    ongoing: bool = False
    # "last" or "latest" without a length of time.
    newest: bool = False
    # "did" and "deployed": it took place.
    did: bool = False
    done: bool = False
    negated: bool = False
    # The environments of a diff, in the order in which they were said.
    environments: list[str] = field(default_factory=list)

    def add(self, made: Filter) -> None:
        """One more condition, or its opposite after "not"."""
        if self.negated and made.op in NEGATED:
            made = Filter(made.field, NEGATED[made.op], made.values)
        if made.field == "environment" and made.op == "=":
            self.environments += [v for v in made.values if v not in self.environments]
        self.filters.append(made)

    def add_word(self, word: str) -> None:
        """A word or phrase to look for. Raises PayloadError when there are too many."""
        if word and word not in self.words:
            self.words.append(word)
        if len(self.words) > MOST_WORDS:
            raise PayloadError(
                f"more than {MOST_WORDS} words to look for; put a phrase in quotes or ask shorter"
            )

    def set_ongoing(self) -> None:
        """Only what has begun and not ended."""
        self.ongoing = True
        self.add(Filter("status", "=", ("started",)))

    def suggest(self, token: Token, meant: str) -> None:
        """Offer the question with this in the place of that word."""
        if len(self.suggestions) < MOST_SUGGESTIONS:
            sign = "-" if self.negated and self.text[token.start] in "-!" else ""
            question = f"{self.text[: token.start]}{sign}{meant}{self.text[token.end :]}"
            self.suggestions.append(Suggestion(token.text, meant, question))

    def suggest_known(self, token: Token, made: Filter) -> None:
        """Offer the known names that values of a filter are near to."""
        for value in made.values:
            if made.op not in {"=", "!="} or self.names.spelled(made.field, value):
                continue
            if value in self.names.known(made.field):
                continue
            if near := self.names.nearest(made.field, value):
                self.suggest(token, f"{made.field}:{near}")

"""Words of a team's own: Django's template language in a sandbox.

An engine of its own without loaders, with the few tags and filters below, given plain values only.
Loops, variables and output are bounded, so that no text takes long or grows large. Nothing here
reads the database.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from django.template import (
    Context,
    Engine,
    Library,
    Template,
    TemplateSyntaxError,
    defaultfilters,
    defaulttags,
)
from django.template.base import Node, NodeList, Parser, Token, VariableNode
from django.template.defaulttags import ForNode

from opsportal.lib.errors import FieldError, PayloadError

LONGEST_OUTPUT = 20_000
LONGEST_SUBJECT = 500
MOST_ROUNDS, MOST_STEPS, MOST_VARIABLES = 50, 2_500, 300
LONGEST_VALUE, LONGEST_WORK, MOST_SECONDS = 2_000, 1_000_000, 1.0
TAGS = ("comment", "firstof", "for", "if", "spaceless", "templatetag", "verbatim", "with")
FILTERS = (
    "capfirst", "cut", "date", "default", "default_if_none", "dictsort", "dictsortreversed",
    "first", "join", "last", "length", "lower", "pluralize", "slice", "time",
    "title", "truncatechars", "truncatewords", "upper", "wordcount", "yesno",
)  # fmt: skip
_BUDGET = "_budget"  # a name that no template can say
# Whatever a template can do wrong with plain values.
_MISTAKES = (
    TemplateSyntaxError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
    RecursionError,
)  # fmt: skip


@dataclass(slots=True)
class _Budget:
    """How much one rendering may still do."""

    deadline: float = field(default_factory=lambda: time.monotonic() + MOST_SECONDS)
    steps: int = MOST_STEPS
    work: int = LONGEST_WORK

    def spend(self, text: str) -> None:
        """One round of a loop was done. Raises TemplateSyntaxError when it is too much."""
        self.steps -= 1
        self.work -= len(text)
        if self.steps < 0 or self.work < 0 or time.monotonic() > self.deadline:
            raise TemplateSyntaxError("its loops go round too often")


class _BoundedFor(ForNode):
    """`for` over at most MOST_ROUNDS items."""

    sequence: Any
    nodelist_loop: Any
    nodelist_empty: Any

    def render(self, context: Context) -> str:
        """Without `forloop.parentloop`, and never over the letters of a text."""
        values = self.sequence.resolve(context, ignore_failures=True)
        if isinstance(values, str) or not isinstance(values, Iterable | None):
            raise TemplateSyntaxError(f"{self.sequence.token} is no list")
        items = [] if values is None else list(islice(values, MOST_ROUNDS))
        if self.is_reversed:
            items.reverse()
        if not items:
            return str(self.nodelist_empty.render(context))
        parts: list[str] = []
        with context.push():
            for number, item in enumerate(items):
                context["forloop"] = {
                    "counter": number + 1,
                    "counter0": number,
                    "first": number == 0,
                    "last": number == len(items) - 1,
                }
                named = [item] if len(self.loopvars) == 1 else list(item)
                context.update(dict(zip(self.loopvars, named, strict=True)))
                text = str(self.nodelist_loop.render(context))
                context.pop()
                context[_BUDGET].spend(text)
                parts.append(text)
        return "".join(parts)


def _for(parser: Parser, token: Token) -> Node:
    node = defaulttags.do_for(parser, token)
    empty = getattr(node, "nodelist_empty", NodeList())
    return _BoundedFor(node.loopvars, node.sequence, node.is_reversed, node.nodelist_loop, empty)


def _join(value: object, between: object) -> str:
    """Of lists only, and short ones: a filter on a filter shall not make a text of a gigabyte."""
    if not isinstance(value, list | tuple):
        return str(value)
    return str(between)[:100].join(str(item) for item in value[:MOST_ROUNDS])


def _bounded(name: str) -> Callable[..., Any]:
    """The built-in filter, with its results cut."""
    plain: Callable[..., Any] = _join if name == "join" else defaultfilters.register.filters[name]

    def cut(value: Any, *arguments: Any) -> Any:
        result = plain(value, *arguments)
        return result[:LONGEST_OUTPUT] if isinstance(result, str) else result

    # The parser counts a filter's arguments by its signature, the safe text by its flags.
    cut.__dict__.update(plain.__dict__)
    cut.__wrapped__ = plain  # type: ignore[attr-defined]
    return cut


def _library() -> Library:
    library = Library()
    built_in = defaulttags.register
    for name in TAGS:
        library.tag(name, _for if name == "for" else built_in.tags[name])
    known = defaultfilters.register.filters
    for name in FILTERS:
        options = {
            flag: getattr(known[name], flag, False) for flag in ("expects_localtime", "is_safe")
        }
        library.filter(name, _bounded(name), **options)
    return library


class _Sandbox(Engine):
    """Without the tags that every engine has."""

    default_builtins: ClassVar[list[str]] = []


def _engine() -> Engine:
    engine = _Sandbox(dirs=[], app_dirs=False, loaders=[], autoescape=False, debug=False)
    engine.template_builtins = [_library()]
    return engine


_ENGINE = _engine()


def render_wording(text: str, facts: Mapping[str, Any], *, field_name: str = "body") -> str:
    """The template filled in. Raises PayloadError that says what is wrong, for whatever reason."""
    try:
        template = Template(text, engine=_ENGINE)
        if len(template.nodelist.get_nodes_by_type(VariableNode)) > MOST_VARIABLES:
            raise TemplateSyntaxError(f"it has more than {MOST_VARIABLES} variables")
        context = Context(_shortened(facts), autoescape=False, use_l10n=False)
        context[_BUDGET] = _Budget()
        rendered = str(template.render(context))
    except _MISTAKES as error:
        told = _told(error)
        raise PayloadError(
            f"The {field_name} of the template is not right: {told}", [FieldError(field_name, told)]
        ) from error
    return rendered[:LONGEST_OUTPUT]


def check_wording(subject: str, body: str, facts: Mapping[str, Any]) -> None:
    """Raises PayloadError, one error per field, unless both can be filled in."""
    errors: list[FieldError] = []
    for name, text in (("subject", subject), ("body", body)):
        try:
            render_wording(text, facts, field_name=name)
        except PayloadError as error:
            errors.extend(error.errors)
    if errors:
        told = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The template is not right: {told}", errors)


def _told(error: Exception) -> str:
    """In words for whoever writes templates."""
    text = str(error)
    if "Did you forget to register" in text:
        text = text.partition(" Did you")[0]
        return f"{text} Known tags: {', '.join(TAGS)}."
    if text.startswith("Invalid filter"):
        return f"{text}. Known filters: {', '.join(FILTERS)}."
    if isinstance(error, TemplateSyntaxError):
        return text[:500]
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {text}"[:500]


def _shortened(value: Any) -> Any:
    """The value with its texts cut."""
    if isinstance(value, str):
        return value[:LONGEST_VALUE]
    if isinstance(value, Mapping):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value[:MOST_ROUNDS]]
    return value

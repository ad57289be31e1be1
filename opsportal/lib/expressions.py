"""Expressions that point into a JSON document: JMESPath, or a JSON pointer (RFC 6901).

`$` before either means the whole document, whatever part of it is looked at. Looking takes a
bounded number of steps, since JMESPath alone doubles a list with every seven characters.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import (
    IncompleteExpressionError,
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter
from jmespath.visitor import _Expression as Reference

LONGEST = 500
# Of an expression's own tree; each level takes a few frames of Python's stack.
DEEPEST = 40
# For all that is looked up in one document: half a second of work at most, whatever it is.
MOST_STEPS = 300_000
# A step is paid for so many characters of a text.
_CHARACTERS = 4
# A call, which looks at what it is given before it does anything.
_CALL = 4
# Functions that are given an expression.
_WITH_EXPRESSION = frozenset({"map", "max_by", "min_by", "sort_by"})
_WHOLE = "$"
_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
# What jmespath itself lets through for some texts and values.
_FAULTS = (JMESPathError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class ExpressionError(ValueError):
    """What is wrong with an expression; `column` counts from 1, None: it shows with this value."""

    def __init__(self, message: str, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message if column is None else f"column {column}: {message}"
        self.column = column


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: the tokens of a pointer, or JMESPath's tree."""

    text: str
    whole: bool
    tokens: tuple[str, ...] | None = None
    tree: Any = None


class _Steps:
    """What may still be done. Raises ExpressionError once it is spent."""

    def __init__(self, most: int) -> None:
        self.left = most

    def spend(self, steps: int) -> None:
        """Pay."""
        self.left -= steps
        if self.left < 0:
            raise ExpressionError("takes too many steps for this payload; point closer at it")

    def weigh(self, value: object) -> None:
        """Pay for a value with all that is in it; what stands in it twice is paid for twice."""
        heap = [value]
        while heap:
            found = heap.pop()
            if isinstance(found, str):
                self.spend(1 + len(found) // _CHARACTERS)
            elif isinstance(found, list):
                self.spend(1 + len(found))
                heap.extend(found)
            elif isinstance(found, dict):
                self.spend(1 + len(found))
                heap.extend(found)
                heap.extend(found.values())
            elif found is None or isinstance(found, bool | int | float):
                self.spend(1)
            else:
                raise ExpressionError("gives an expression (&...) where a value is needed")


class _Functions(Functions):  # type: ignore[misc]
    """JMESPath's functions; what they are given and what they make is paid for."""

    def __init__(self, steps: _Steps) -> None:
        self._steps = steps

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        """Pay, call, and pay."""
        self._steps.spend(_CALL)
        by_reference = function_name in _WITH_EXPRESSION
        for argument in resolved_args:
            if not (by_reference and isinstance(argument, Reference)):
                self._steps.weigh(argument)
        if function_name == "join" and len(resolved_args) == 2:
            between, parts = resolved_args
            if isinstance(between, str) and isinstance(parts, list):
                self._steps.spend(len(between) * len(parts) // _CHARACTERS)
        result = super().call_function(function_name, resolved_args)
        self._steps.weigh(result)
        return result


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    """JMESPath's interpreter; each node that is visited and each value that is made is paid for."""

    _MAKES = frozenset({
        "filter_projection", "flatten", "multi_select_dict", "multi_select_list", "projection",
        "slice", "value_projection",
    })  # fmt: skip

    def __init__(self, steps: _Steps) -> None:
        super().__init__(Options(custom_functions=_Functions(steps)))
        self._steps = steps
        compare = TreeInterpreter.COMPARATOR_FUNC
        self.COMPARATOR_FUNC = {name: self._paid(found) for name, found in compare.items()}

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One step, and the weight of what is made."""
        self._steps.spend(1)
        result = super().visit(node, *args, **kwargs)
        if node["type"] in self._MAKES:
            self._steps.weigh(result)
        return result

    def _paid(self, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def pay_and_compare(one: Any, other: Any) -> Any:
            self._steps.weigh(one)
            self._steps.weigh(other)
            return compare(one, other)

        return pay_and_compare


class Finder:
    """Looks things up in one document, in so many steps altogether."""

    def __init__(self, document: object, most_steps: int = MOST_STEPS) -> None:
        self.document = document
        self._steps = _Steps(most_steps)
        self._interpreter = _Interpreter(self._steps)

    def find(self, expression: Expression, part: object) -> Any:
        """What it points at, from that part of the document; None where nothing is there.

        Raises ExpressionError where JMESPath cannot be carried out on it.
        """
        value = self.document if expression.whole else part
        if expression.tokens is not None:
            found = _follow(expression.tokens, value)
        else:
            found = self._evaluate(expression.tree, value)
        self._steps.weigh(found)
        return found

    def _evaluate(self, tree: Any, value: object) -> Any:
        try:
            return self._interpreter.visit(tree, value)
        except ExpressionError:
            raise
        except JMESPathTypeError as error:
            # Its own words repeat the value, which may be a secret.
            wanted = " or ".join(error.expected_types)
            message = f"{error.function_name}() takes {wanted}, not {error.actual_type}"
        except RecursionError:
            message = "the payload is nested too deeply"
        except _FAULTS as error:
            message = _in_a_line(error)
        raise ExpressionError(f"cannot be carried out: {message}")


def is_true(found: object) -> bool:
    """JMESPath's truth: all but false, null and what is empty."""
    return not (found is None or found is False or found in ("", [], {}))


def parse_expression(text: str) -> Expression:
    """Read an expression. Raises ExpressionError with the column."""
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters", LONGEST + 1)
    if "\0" in text:
        raise ExpressionError("NUL cannot be stored", text.index("\0") + 1)
    whole = text.startswith(_WHOLE)
    rest = text.removeprefix(_WHOLE)
    at = len(text) - len(rest)
    if rest.startswith("/"):
        if wrong := _ESCAPE.search(rest):
            message = "in a JSON pointer ~ is written ~0, and / in a name ~1"
            raise ExpressionError(message, at + wrong.start() + 1)
        tokens = (part.replace("~1", "/").replace("~0", "~") for part in rest[1:].split("/"))
        return Expression(text, whole, tuple(tokens))
    rest, at = (rest[1:], at + 1) if whole and rest.startswith(".") else (rest, at)
    return Expression(text, whole, tree=_tree(rest or "@", at))


def _tree(text: str, at: int) -> Any:
    """JMESPath's tree; `at` characters stand before the text."""
    try:
        tree = jmespath.compile(text).parsed
    except IncompleteExpressionError:
        raise ExpressionError("it ends too early", at + len(text) + 1) from None
    except LexerError as error:
        raise ExpressionError(_in_a_line(error.message), at + error.lexer_position + 1) from error
    except ParseError as error:
        column = at + (error.lex_position or 0) + 1
        what = f"unexpected {error.token_value!r}" if error.token_value else "it ends too early"
        raise ExpressionError(what, column) from error
    except RecursionError:
        raise ExpressionError("nested too deeply", at + 1) from None
    except _FAULTS as error:
        raise ExpressionError(_in_a_line(error), at + 1) from error
    _check(tree, text, at)
    return tree


def _check(tree: Any, text: str, at: int) -> None:
    """Raise ExpressionError for what would only show with a payload."""
    level = [tree]
    for _ in range(DEEPEST):
        for node in level:
            if node["type"] == "function_expression":
                _check_call(node, text, at)
            if node["type"] == "slice" and node["children"][2] == 0:
                raise ExpressionError("the step of a slice cannot be 0", at + text.rfind(":0") + 2)
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ExpressionError("nested too deeply", at + 1)


def _children(node: Any) -> Iterable[Any]:
    return (child for child in node["children"] if isinstance(child, dict))


def _check_call(node: Any, text: str, at: int) -> None:
    name, given = node["value"], len(node["children"])
    found = re.search(rf"\b{re.escape(name)}\s*\(", text)
    column = at + (found.start() if found else 0) + 1
    known = Functions.FUNCTION_TABLE
    if name not in known:
        raise ExpressionError(f"no function {name}(); there are {', '.join(known)}", column)
    wanted = known[name]["signature"]
    variadic = bool(wanted[-1].get("variadic"))
    if given < len(wanted) or (given > len(wanted) and not variadic):
        many = f"{len(wanted)} argument{'s' * (len(wanted) > 1)}{' or more' * variadic}"
        raise ExpressionError(f"{name}() takes {many}, not {given}", column)


def _follow(tokens: Iterable[str], value: object) -> object:
    """What the pointer's tokens lead to; None where they lead nowhere."""
    for token in tokens:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and _INDEX.fullmatch(token):
            place = int(token)
            value = value[place] if place < len(value) else None
        else:
            return None
    return value


def _in_a_line(error: object) -> str:
    return " ".join(str(error).split())[:200]

"""The matcher language: text, meaning, canonical form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import Matcher, MatcherError, Matchers, parse_matchers
from opsportal.lib.matchers.parse import MAX_MATCHERS, MAX_PATTERN, MAX_TEXT


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('job=~"h"', {"job": "h1"}, False),
        ('job=~"h.+"', {"job": "h1"}, True),
        ('job=""', {}, True),
        ('job!="x"', {}, True),
        ('job=~"qux|"', {}, True),
        ('job!~"qux|"', {}, False),
    ],
)
def test_the_semantics_are_those_of_alertmanager(text, labels, expected):
    assert parse_matchers(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("{}", ()),
        (" { } ", ()),
        (
            '{foo="bar", dings!="bums", }',
            (Matcher("foo", "=", "bar"), Matcher("dings", "!=", "bums")),
        ),
        ("foo=bar", (Matcher("foo", "=", "bar"),)),
        ('statuscode=~"5.."', (Matcher("statuscode", "=~", "5.."),)),
        ("job=", (Matcher("job", "=", ""),)),
        ("job=,x=1", (Matcher("job", "=", ""), Matcher("x", "=", "1"))),
        ("{job=}", (Matcher("job", "=", ""),)),
        ('"a b.c/ü"="x"', (Matcher("a b.c/ü", "=", "x"),)),
        ("load>=-1.5e3 , load < 9", (Matcher("load", ">=", "-1.5e3"), Matcher("load", "<", "9"))),
        (r'a="say \"hi\", \\ and \n"', (Matcher("a", "=", 'say "hi", \\ and \n'),)),
        (r'a=~"\d+\.\w"', (Matcher("a", "=~", r"\d+\.\w"),)),
        (r"a=~\d+", (Matcher("a", "=~", r"\d+"),)),
        ("a=x=y", (Matcher("a", "=", "x=y"),)),
        ("a=it's", (Matcher("a", "=", "it's"),)),
        ('a="x}"', (Matcher("a", "=", "x}"),)),
        ('\ta\n=\n"x\ny"', (Matcher("a", "=", "x\ny"),)),
        ("namespace:job:rate5m=1", (Matcher("namespace:job:rate5m", "=", "1"),)),
    ],
)
def test_what_is_understood(text, items):
    assert parse_matchers(text).items == items


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("foo", 4, "expected one of ="),
        (",", 1, "expected a label name"),
        ("{,}", 2, "expected a label name"),
        ("a=b,,c=d", 5, "expected a label name"),
        ('job="value', 5, "never closed"),
        ('{invalid-name = "x"}', 2, 'put the name in quotes: "invalid-name"'),
        ('{foo=~"invalid[regexp"}', 7, "missing ]"),
        ('{foo=~"a)|(?:b"}', 7, "not an RE2 pattern"),
        ("a=b c=d", 5, "expected a comma"),
        ('a="b" c="d"', 7, "expected a comma"),
        ("{a=b", 5, "never closed"),
        ("a=b}", 4, "without an opening"),
        ("{a=b} x", 7, "nothing may follow"),
        ("{a=b}}", 6, "nothing may follow"),
        ("a==b", 3, "no such operator"),
        ("a=>5", 3, "no such operator"),
        ("a='b'", 3, "double quotes"),
        ("a=b{2}", 3, "whole value in quotes"),
        ("load>high", 6, "needs a number, such as load>90"),
        ("load>nan", 6, "needs a number"),
        ("load>", 6, "needs a number"),
        ("load>1_000", 6, "needs a number"),
        ("load>1e999", 6, "needs a number"),
        ('=""', 1, "expected a label name"),
        ('""="x"', 1, "expected a label name"),
        (r'a=~"(a)\1"', 4, "invalid escape sequence"),
        ('a=~"(?=x)"', 4, "not an RE2 pattern"),
        ("a=~(a{1000}){1000}", 4, "whole value"),
        ('a=~"((a{100}){100}){100}"', 4, "not an RE2 pattern"),
        ("a=b\0", 4, "NUL"),
        ('a="\ud800"', 4, "invalid character"),
        ("x" * (MAX_TEXT + 1), MAX_TEXT + 1, "characters"),
        (f'a=~"{"x" * (MAX_PATTERN + 1)}"', 4, "a pattern may have"),
        (f'"{"n" * 201}"=x', 1, "a label name may have"),
        (",".join(["a=b"] * (MAX_MATCHERS + 1)), 4 * MAX_MATCHERS + 1, "more than 50"),
    ],
)
def test_a_complaint_names_the_column_and_what_to_write(text, column, says):
    with pytest.raises(MatcherError) as caught:
        parse_matchers(text)
    assert isinstance(caught.value, PayloadError)
    assert says in caught.value.message
    assert caught.value.column == column
    assert f"column {column}:" in caught.value.message


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("x>5", "6", True),
        ("x>5", "5", False),
        ("x>=5", "5.0", True),
        ("x<-1", "-1e1", True),
        ("x<=.5", "0.5", True),
        ("x<5", "", False),
        ("x<5", "low", False),
        ("x<5", " 4", False),
        ("x<5", "4\n", False),
        ("x<5", "nan", False),
        ("x<5", "-inf", False),
        ("x>5", "1_0", False),
        ("x>5", "٩", False),
        ("x>5", "1e999", False),
        ("x>5", "1e+300", True),
    ],
)
def test_numbers_compare_as_numbers_and_anything_else_never_matches(text, value, expected):
    assert parse_matchers(text).matches({"x": value}) is expected


def test_an_absent_label_is_no_number():
    assert not parse_matchers("x<5").matches({})


def test_a_dot_does_not_match_a_newline_and_the_end_is_the_very_end():
    assert not parse_matchers('a=~"x.y"').matches({"a": "x\ny"})
    assert not parse_matchers('a=~"x.*"').matches({"a": "x\n"})
    assert parse_matchers('a=~"x[^a]y"').matches({"a": "x\ny"})
    assert parse_matchers('a=~"(?s)x.y"').matches({"a": "x\ny"})


def test_a_label_with_a_lone_surrogate_is_survived():
    assert parse_matchers('a!~"x+"').matches({"a": "\ud800"})


def test_all_matchers_must_hold():
    matchers = parse_matchers('{severity=~"critical|high", service="billing"}')
    assert matchers.matches({"severity": "high", "service": "billing", "more": "x"})
    assert not matchers.matches({"severity": "high", "service": "search"})
    assert not matchers.matches({"severity": "low", "service": "billing"})


def test_the_same_text_is_compiled_once():
    assert parse_matchers("a=b") is parse_matchers("a=b")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(Matcher, texts.filter(bool), st.sampled_from(["=", "!="]), texts), max_size=5
    )
)
def test_the_canonical_text_means_the_same(items):
    matchers = Matchers(tuple(items))
    assert parse_matchers(str(matchers)) == matchers
    assert str(parse_matchers(str(matchers))) == str(matchers)


@settings(deadline=None)
@given(st.text(max_size=60) | st.text('ab{}=!~<>",\\ \n5.*()[]', max_size=40))
def test_any_text_is_understood_or_refused_with_a_reason(text):
    try:
        matchers = parse_matchers(text)
    except MatcherError as error:
        column = error.column
    else:
        column = 1
        matchers.matches({"a": "b", "b": "5"})
        assert parse_matchers(str(matchers)) == matchers
    assert 1 <= column <= len(text) + 1

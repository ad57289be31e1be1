"""Matchers as rows of a form and as text mean the same, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import (
    OPERATORS,
    MatcherError,
    Row,
    parse_matchers,
    rows_to_text,
    text_to_rows,
)

line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
names = line.filter(bool)
rows = st.one_of(
    st.builds(Row, names, st.sampled_from(["=", "!="]), line),
    st.builds(Row, names, st.sampled_from(["=~", "!~"]), st.sampled_from(["", "a|b", r"web-\d+"])),
    st.builds(Row, names, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(["9", "-1.5"])),
)


@settings(deadline=None)
@given(st.lists(rows, max_size=6))
def test_rows_survive_the_way_through_the_text(given_rows):
    assert text_to_rows(rows_to_text(given_rows)) == given_rows


@settings(deadline=None)
@given(st.text(max_size=60) | st.text('ab{}=!~<>",\\ \n5.*()[]', max_size=40))
def test_texts_keep_their_meaning_on_the_way_through_rows(text):
    try:
        found = text_to_rows(text)
    except MatcherError as error:
        assert 1 <= error.column <= len(text) + 1
        return
    assert parse_matchers(rows_to_text(found)) == parse_matchers(text)


def test_every_operator_has_its_row():
    text = "{" + ", ".join(f'a{operator}"5"' for operator in OPERATORS) + "}"
    assert [row.op for row in text_to_rows(text)] == list(OPERATORS)
    assert rows_to_text(text_to_rows(text)) == text


def test_what_rows_cannot_show_says_where():
    with pytest.raises(MatcherError, match="cannot show") as caught:
        text_to_rows(r'{a="fine", b="two\nlines"}')
    assert caught.value.column == 14


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (Row("", "=", "x"), "choose a label"),
        (Row("a", "==", "x"), "'==' is none of ="),
        (Row("a", "<", "much"), "needs a number"),
        (Row("a", "=~", "("), "not an RE2 pattern"),
        (Row("a", "=", "\0"), "NUL character"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_its_number(row, complaint):
    with pytest.raises(PayloadError, match=r"^Row 2: .*") as caught:
        rows_to_text([Row("fine", "=", ""), row])
    assert complaint in caught.value.message
    assert [error.field for error in caught.value.errors] == ["rows.1"]


def test_too_much_is_refused_as_a_whole():
    with pytest.raises(PayloadError, match="At most 50"):
        rows_to_text([Row("a", "=", "b")] * 51)
    with pytest.raises(PayloadError, match="4000"):
        rows_to_text([Row("a", "=", "b" * 1000)] * 5)

"""Alerta's query language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.formats.alerta.lucene import Both, Either, Negated, Term, parse_query
from opsportal.lib.errors import PayloadError


class TestQueries:
    @pytest.mark.parametrize(
        ("text", "tree"),
        [
            ("quick", Term("", "word", "quick")),
            ('"quick brown"', Term("", "phrase", "quick brown")),
            ("severity:major", Term("severity", "word", "major")),
            ("_.vendor:cisco", Term("_.vendor", "word", "cisco")),
            ("_exists_:vendor", Term("vendor", "exists", "")),
            ("text:bro*", Term("text", "wildcard", "bro*")),
            ("text:/jo.n/", Term("text", "regex", "jo.n")),
            ("timeout:>=10", Term("timeout", ">=", "10")),
            ("n:[1 TO 5}", Both((Term("n", ">=", "1"), Term("n", "<", "5")))),
            ("n:{* TO 5]", Both((Term("n", "<=", "5"),))),
            ("a b", Either((Term("", "word", "a"), Term("", "word", "b")))),
            ("a OR b", Either((Term("", "word", "a"), Term("", "word", "b")))),
            ("a && b", Both((Term("", "word", "a"), Term("", "word", "b")))),
            ("a NOT b", Both((Term("", "word", "a"), Negated(Term("", "word", "b"))))),
            ("-b", Negated(Term("", "word", "b"))),
            ("x:(a OR b)", Either((Term("x", "word", "a"), Term("x", "word", "b")))),
            (r"text:foo\:bar", Term("text", "word", "foo:bar")),
            ("ORDER", Term("", "word", "ORDER")),
        ],
    )
    def test_it_is_read_as_lucene_would(self, text, tree):
        assert parse_query(text) == tree

    def test_and_binds_closer_than_or_and_takes_more_than_two(self):
        a, b, c, d = (Term("", "word", name) for name in "abcd")
        assert parse_query("a OR b AND c AND d") == Either((a, Both((b, c, d))))

    @pytest.mark.parametrize(
        "text",
        [
            "(",
            "a AND",
            "a)",
            "severity:",
            '"open',
            "NOT",
            "(" * 50 + "a",
            "a " * 60,
            "[a",
            "a* " * 11,
            "/a/ " * 11,
        ],
    )
    def test_what_cannot_be_read_is_refused(self, text):
        with pytest.raises(PayloadError, match="Failed to parse query string"):
            parse_query(text)

    @given(st.text(alphabet='ab:()[]{}"/\\*?<>=!&|+- \tANDORT', max_size=40))
    def test_nothing_else_happens(self, text):
        try:
            parse_query(text)
        except PayloadError as refused:
            assert refused.errors[0].field == "q"

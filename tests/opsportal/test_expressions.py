"""Expressions: what they find, what is said of wrong ones, and that none runs away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.lib.expressions import (
    LONGEST,
    MOST_STEPS,
    ExpressionError,
    Finder,
    is_true,
    parse_expression,
)

DOCUMENT = {
    "title": "Disk full",
    "state": {"value": 0, "a/b": "slash", "m~n": "tilde", "": "empty"},
    "hosts": [{"name": "web-1", "up": True}, {"name": "web-2", "up": False}],
    "secret": {"token": "hush"},
}


def find(text, part=DOCUMENT, document=DOCUMENT, **options):
    return Finder(document, **options).find(parse_expression(text), part)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title", "Disk full"),
        ("/title", "Disk full"),
        ("$", DOCUMENT),
        ("@", DOCUMENT),
        ("state.value", 0),
        ("/state/value", 0),
        ("/state/a~1b", "slash"),
        ("/state/m~0n", "tilde"),
        ("/state/", "empty"),
        ("/hosts/1/name", "web-2"),
        ("hosts[?up].name | [0]", "web-1"),
        ("join(', ', hosts[].name)", "web-1, web-2"),
        ("'a word'", "a word"),
        ("`7`", 7),
        ("missing || 'else'", "else"),
        ("/hosts/2/name", None),
        ("/hosts/01/name", None),
        ("/hosts/-", None),
        ("/title/more", None),
        ("/99999999999999999999", None),
        ("[99999999999999999999]", None),
    ],
)
def test_an_expression_finds_a_value_or_nothing(text, found):
    assert find(text) == found


def test_a_dollar_looks_at_the_whole_document_from_wherever_it_stands():
    part = DOCUMENT["hosts"][0]
    assert find("name", part) == find("/name", part) == "web-1"
    assert find("$.title", part) == find("$/title", part) == "Disk full"
    assert find("title", part) is None


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", None, "empty"),
        ("  ", None, "empty"),
        ("a ]", 3, "unexpected ']'"),
        ("a.", 3, "too early"),
        ("a[", 3, "too early"),
        ("foo(", 5, "too early"),
        ("a = b", 3, "Unknown token '='"),
        ("$.a ]", 5, "unexpected ']'"),
        ("$$", 2, "Unknown token $"),
        ("'abc", 1, "Unclosed ' delimiter"),
        ("a || nofunc(b)", 6, "no function nofunc()"),
        ("$.length()", 3, "length() takes 1 argument, not 0"),
        ("join(a)", 1, "join() takes 2 arguments, not 1"),
        ("not_null()", 1, "1 argument or more, not 0"),
        ("a[::0]", 5, "cannot be 0"),
        ("/a~2", 3, "~0"),
        ("$/~", 3, "~1"),
        ("a\0", 2, "NUL"),
        ("x" * (LONGEST + 1), LONGEST + 1, "longer than 500"),
        ("!" * LONGEST, 1, "nested too deeply"),
        ("[" * LONGEST, 1, "nested too deeply"),
        ("|".join(["[@,@]"] * 80), 1, "nested too deeply"),
    ],
)
def test_a_wrong_expression_is_told_with_its_column(text, column, words):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.column == column
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("length(`7`)", "length() takes string or array or object, not number"),
        ("contains('abc', `1`)", "requires string"),
        ("ceil(`1e400`)", "infinity"),
        ("max([`1`, 'a'])", "max() takes"),
        ("&title", "gives an expression"),
        ("[&title]", "gives an expression"),
        ("to_string(&title)", "gives an expression"),
    ],
)
def test_what_cannot_be_carried_out_is_told(text, words):
    with pytest.raises(ExpressionError) as caught:
        find(text)
    assert caught.value.column is None
    assert words in caught.value.message


def test_no_complaint_repeats_a_value():
    with pytest.raises(ExpressionError) as caught:
        find("length(secret.token == 'hush')")
    assert "hush" not in caught.value.message
    with pytest.raises(ExpressionError) as caught:
        find("ceil(secret)")
    assert "hush" not in caught.value.message


WIDE = [1] * 131_000  # as many values as 256 KiB hold
ROWS = [{"a": number, "b": {"c": str(number)}} for number in range(5_000)]
LONG = ["x" * 1000] * 250
EXPLOSIONS = {
    "lists of lists": "|".join(["[@,@]"] * 37),
    "a list doubled": "|".join(["[@,@][]"] * 37),
    "as a text": "|".join(["[@,@]"] * 36) + "|to_string(@)",
    "compared": f"[{'|'.join(['[@,@]'] * 30)},{'|'.join(['[@,@]'] * 30)}]|[0]==[1]",
    "objects": "|".join(["{a:@,b:@}"] * 37),
    "joined": "join(to_string(@),map(&to_string(@),@))",
    "every with every": "[*].[*].[*].[*]",
    "mapped": "map(&[@,@,@,@,@,@,@,@],@)|map(&[@,@,@,@,@,@,@,@],@)|[]|[]",
    "looked through": "[?contains(to_string(@),'x')]|[?contains(to_string(@),'x')]",
    "sorted": "sort(map(&to_string(@),@))|sort(map(&to_string(@),@))",
    "values": "[*].*|[]|[].*|[@,@,@,@]|[]|[@,@,@,@]|[]",
    "merged": "|".join(["merge({a:@},{b:@})"] * 26),
}


@pytest.mark.parametrize("text", EXPLOSIONS.values(), ids=EXPLOSIONS)
@pytest.mark.parametrize("document", [WIDE, ROWS, LONG], ids=["numbers", "objects", "texts"])
def test_no_expression_takes_more_than_its_steps(text, document):
    # Without the steps some of these would take years, and others all the memory there is.
    finder = Finder(document)
    try:
        found = finder.find(parse_expression(text), document)
    except ExpressionError as error:
        assert "too many steps" in error.message or "cannot be carried out" in error.message
    else:
        assert len(str(found)) < 50 * MOST_STEPS


def test_one_document_has_one_allowance():
    finder = Finder(ROWS, most_steps=150_000)
    everything = parse_expression("$")
    for _ in range(2):
        finder.find(everything, ROWS)
    with pytest.raises(ExpressionError, match="too many steps"):
        finder.find(everything, ROWS)
    with pytest.raises(ExpressionError, match="too many steps"):
        finder.find(parse_expression("/0/a"), ROWS)


def test_a_payload_nested_deeply_is_looked_into_or_refused_in_words():
    document = 1
    for _ in range(900):
        document = [document]
    for text in ("to_string(@)", "@ == [[@]]", "[0]", "contains(@, [@])"):
        try:
            find(text, document, document)
        except ExpressionError as error:
            assert "nested too deeply" in error.message


def test_truth_is_jmespath_s():
    assert [is_true(value) for value in (0, "a", [0], {"a": 1}, True)] == [True] * 5
    assert [is_true(value) for value in (None, "", [], {}, False)] == [False] * 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)
SCRAPS = st.lists(
    st.sampled_from([
        "a", "b", ".", "[", "]", "*", "@", "|", "&", "||", "&&", "!", "(", ")", "{", "}", ":", ",",
        "[?", "==", "<", "'x'", "`1`", "`[`", '"q"', '"', "'", "`", "0", "-1", "[]", "[*]", "$",
        "/", "~", "length(", "sort_by(", "to_string(", "max_by(", " ", "\\", "é", "\ud800",
    ]),
    max_size=12,
).map("".join)  # fmt: skip


@pytest.mark.filterwarnings("ignore:deprecated string literal")
@settings(max_examples=400, deadline=None)
@given(text=SCRAPS | st.text(max_size=20), document=JSON)
def test_whatever_is_written_it_finds_something_or_says_why_not(text, document):
    try:
        find(text, document, document)
    except ExpressionError as error:
        assert error.message

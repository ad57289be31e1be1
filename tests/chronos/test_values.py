"""JSON is shown as a tree, escaped and bounded, and two values place by place."""

from chronos.views.values import compare, tree

DEEP: list[object] = []
for _ in range(900):
    DEEP = [DEEP]


def test_where_two_values_differ_is_said_place_by_place():
    found = compare(
        {"pool": {"size": 10, "timeout": "30s"}, "hosts": ["a", "b"], "on": True},
        {"pool": {"size": 25, "timeout": "30s"}, "hosts": ["a"], "on": 1, "new": None},
    )
    assert [(one.path, one.before, one.after) for one in found.differences] == [
        ("pool.size", "10", "25"),
        ("hosts.1", "b", None),
        ("on", "true", "1"),
        ("new", None, "null"),
    ]
    assert found.same == 2


def test_plain_values_differ_as_a_whole():
    (one,) = compare("10 %", "50 %").differences
    assert (one.path, one.before, one.after) == ("", "10 %", "50 %")
    (one,) = compare(None, {"a": {}}).differences
    assert (one.path, one.before, one.after) == ("a", None, "{}")


def test_a_tree_is_escaped():
    html = tree({"<b>": ["<script>", 1.5, None, {"x": True}]})
    assert "<script>" not in html
    assert "&lt;b&gt;" in html
    assert "<details open><summary>4 entries</summary>" in html


def test_what_is_very_deep_or_long_is_cut():
    assert len(tree({"deep": DEEP})) < 4000
    assert "and 800 more" in tree({"long": [*range(1000)]})
    assert compare({"deep": DEEP}, {}).same == 0

"""The first of many that matches is found as if each were asked in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from certs.judge.facts import Facts, compile_or_never
from certs.judge.first import FirstMatch


@dataclass(frozen=True)
class _Item:
    match: str


ITEMS = [
    _Item(text)
    for text in (
        '{domain="a.test", use="served"}',
        '{domain="b.test", name=~"www[.].*"}',
        '{owner="", source="vault"}',
        '{name=~"db[0-9]+[.].*", use!="placed"}',
        r'{name=~"\\Qq.test|"}',
        '{name=~"(?i)UPPER[.].*|x"}',
        '{lifetime_days<"10"}',
        '{name!~".*[.]test"}',
        "{broken",
        '{source="files", source!="vault"}',
        "",
        '{domain="never.test"}',
    )
]
FACTS: Sequence[Facts] = [
    {"domain": ["x.test", "a.test"], "use": ["served"], "name": ["www.a.test"]},
    {"domain": ["a.test"], "use": ["placed"], "name": ["a.test"], "lifetime_days": ["90"]},
    {"domain": ["b.test", "test"], "name": ["b.test", "www.b.test"]},
    {"source": ["files", "vault"], "name": ["c.test"]},
    {"source": ["files"], "name": ["c.test"]},
    {"name": ["DB1.test", "db2.test"], "use": ["known"]},
    {"name": ["db2.test"], "use": ["placed"]},
    {"name": ["q.test|"]},
    {"name": ["upper.test", "d.test"]},
    {"name": ["d.test"], "lifetime_days": ["7.00"]},
    {"name": ["d.example"]},
    {"name": ["e.test"], "owner": ["somebody"]},
    {},
]


@pytest.mark.parametrize("facts", FACTS)
@pytest.mark.parametrize("skipped", range(len(ITEMS)))
def test_the_first_is_the_one_that_asking_each_would_find(facts, skipped):
    items = ITEMS[:skipped] + ITEMS[skipped + 1 :]
    expected = next(
        (each for each in items if not each.match or compile_or_never(each.match)(facts)), None
    )
    assert FirstMatch(items).find(lambda: facts) == expected


def test_all_of_what_has_patterns_only_are_asked_however_many():
    items = [_Item(f'{{name=~"h{number}[.].*"}}') for number in range(1000)]
    assert FirstMatch(items).find(lambda: {"name": ["h777.test"]}) == items[777]


def test_nobody_looks_at_facts_where_all_is_for_everything():
    def never() -> Facts:
        raise AssertionError

    assert FirstMatch([_Item("")]).find(never) == _Item("")
    assert FirstMatch([]).find(never) is None

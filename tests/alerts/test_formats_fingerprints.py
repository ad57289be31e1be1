"""Fingerprints of label sets: Alertmanager's, whether computed one by one or side by side."""

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.formats import fingerprints as module
from alerts.formats.fingerprints import fingerprint, fingerprints

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)


def plain(labels) -> str:
    """FNV-1a 64 as it is written down."""
    hashed = 0xCBF29CE484222325
    for name, value in sorted(labels.items()):
        for byte in name.encode() + b"\xff" + value.encode() + b"\xff":
            hashed = ((hashed ^ byte) * 0x100000001B3) % 2**64
    return f"{hashed:016x}"


def test_they_are_alertmanagers():
    assert fingerprint({"alertname": "ok1"}) == "d7252752c04bd3c5"


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.dictionaries(texts, texts, min_size=1, max_size=4), max_size=40))
def test_those_of_many_are_those_of_each(many):
    module._known.clear()
    expected = [plain(labels) for labels in many]
    assert fingerprints(many) == expected
    # From memory, too.
    assert fingerprints(many[::-1]) == expected[::-1]


def test_long_ones_and_many_are_the_same_ones():
    many = [{"alertname": "A", "n": "x" * (n % 50) + str(n)} for n in range(600)]
    many += [{"dump": "y" * 5000}, {"dump": "ü" * 3000}]
    assert fingerprints(many) == [plain(labels) for labels in many]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MOST_KNOWN", 10)
    module._known.clear()
    for n in range(100):
        fingerprint({"n": str(n)})
    assert len(module._known) <= 10

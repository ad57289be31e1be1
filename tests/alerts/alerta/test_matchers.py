"""Blackouts as matchers, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.formats.alerta.blackouts import Blackout, blackout_of, match_of
from opsportal.lib.matchers import parse_matchers

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


class TestBlackouts:
    @given(
        st.builds(
            Blackout,
            environment=TEXT,
            service=st.lists(TEXT.map(lambda text: text.replace(",", ";")), max_size=3),
            resource=st.none() | TEXT,
            event=st.none() | TEXT,
            group=st.none() | TEXT,
            tags=st.lists(TEXT.map(lambda text: text.replace(",", ";")), max_size=3),
            origin=st.none() | TEXT,
            customer=st.none() | TEXT,
        )
    )
    def test_its_matchers_say_what_it_names(self, blackout):
        assert blackout_of(match_of(blackout)) == blackout

    def test_services_and_tags_are_subsets(self):
        match = match_of(Blackout(environment="P", service=["a.b"], tags=["x", "y"]))
        matchers = parse_matchers(match)
        labels = {"source": "alerta", "environment": "P", "services": "c,a.b", "tags": "y,z,x"}
        assert matchers.matches(labels)
        assert not matchers.matches({**labels, "tags": "x"})
        assert not matchers.matches({**labels, "services": "aXb"})
        assert not matchers.matches({**labels, "environment": "Q"})
        assert not matchers.matches({**labels, "source": "prometheus"})

    @pytest.mark.parametrize(
        "match",
        [
            '{environment="P"}', '{source="alerta"}', '{source="alerta", environment=~"P.*"}',
            '{source="alerta", environment="P", severity="low"}', "not a matcher",
            '{source="alerta", environment="P", resource="a", resource="b"}',
        ],
    )  # fmt: skip
    def test_a_silence_that_says_something_else_is_none(self, match):
        assert blackout_of(match) is None

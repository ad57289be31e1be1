"""What of the state is asked for, and what cannot be asked."""

import pytest

from chronos.state_query import read_state_query
from opsportal.lib.errors import PayloadError
from tests.chronos.deployments import NOW


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"at": "soon"}, "at"), ({"at": "+2h"}, "at"), ({"at": "1" * 400}, "at"),
        ({"service": "a\0"}, "service"), ({"env": "\ud800"}, "environment"),
        ({"region": "," * 10_000}, "region"), ({"q": "x" * 400}, "q"),
        ({"q": "{service"}, "q"), ({"match": '{severity="high"}'}, "match"),
        ({"match": '{service=~"("}'}, "match"), ({"match": "{" * 5000}, "match"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_with_its_field(params, field):
    with pytest.raises(PayloadError) as raised:
        read_state_query({name: [text] for name, text in params.items()}, now=NOW)
    assert raised.value.errors[0].field == field

"""A mapping that is wrong."""

import pytest

from alerts.formats.mapping import compile_mapping
from opsportal.lib.errors import PayloadError
from tests.alerts.mapping import EMPTY


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"fields": {}}, "fields.name", "say where"),
        ({"fields": {"name": "a ]"}}, "fields.name", "column 3"),
        ({"fields": {"name": "a", "colour": "b"}}, "fields.colour", "unknown"),
        ({"fields": {"name": 7}}, "fields", "texts"),
        ({"fields": []}, "fields", "texts"),
        ({"alerts": "[", "fields": {"name": "a"}}, "alerts", "column 2"),
        ({"condition": "a ==", "fields": {"name": "a"}}, "condition", "column 5"),
        ({"labels": {"host": "a."}}, "labels.host", "column 3"),
        ({"labels": {"": "a"}}, "labels", "names"),
        ({"labels": {"host": ""}}, "labels.host", "empty"),
        ({"labels": {str(n): "a" for n in range(51)}}, "labels", "at most 50"),
        ({"statuses": {"up": "fine"}}, "statuses.up", "'fine' is none of"),
        ({"statuses": {"up": "firing", "UP": "firing"}}, "statuses.UP", "twice"),
        ({"severities": {"a": "awful"}}, "severities.a", "none of critical"),
        ({"severities": "x"}, "severities", "texts"),
    ],
)
def test_a_mapping_that_is_wrong_is_told_at_its_field(values, field, words):
    with pytest.raises(PayloadError) as caught:
        compile_mapping(EMPTY | values)
    assert words in {error.field: error.message for error in caught.value.errors}[field]

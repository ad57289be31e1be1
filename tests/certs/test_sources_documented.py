"""docs/certs-sources.md has every kind of source, and no other."""

import re
from pathlib import Path

from opsportal.lib.registry import plugins


def test_the_table_of_kinds_is_the_registry():
    table = Path("docs/certs-sources.md").read_text().split("## What a look")[0]
    kinds = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    assert sorted(kinds) == sorted(plugins("CERTIFICATE_SOURCES"))

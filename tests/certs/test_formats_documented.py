"""docs/certs-files.md says which formats are read, and no other."""

import re
from pathlib import Path

from certs.x509.containers import FORMATS


def test_the_table_is_the_code():
    page = Path("docs/certs-files.md").read_text()
    table = page.split("## Formats")[1].split("## Files")[0]
    assert tuple(re.findall(r"^\| ([A-Z][\w#]*) \|", table, re.MULTILINE)) == FORMATS

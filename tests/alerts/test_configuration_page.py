"""The documented configuration file is one that can be applied."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from alerts.models import Rule
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import User
from opsportal.lib.configfile import Deed, apply_config

PAGE = Path(settings.BASE_DIR) / "docs" / "configuration-as-code.md"


@pytest.mark.django_db
def test_the_documented_file_can_be_applied():
    for name in ("ada", "grace"):
        User.objects.create(username=name)
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    deed = Deed(COMMAND_LINE, datetime(2026, 1, 1, tzinfo=UTC))
    apply_config(found.group(1).encode(), deed=deed, mask=mask_secret)
    assert Rule.objects.count() == 2

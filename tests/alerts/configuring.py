"""A configuration file of channels and rules, and applying it."""

from datetime import UTC, datetime

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.lib.configfile import Deed, apply_config

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILE = """\
teams:
- name: payments
  members: []
channels:
- name: hook
  kind: webhook
  settings:
    secret: open sesame
    url: https://example.org/hook
- name: mail
  kind: email
  settings:
    to:
    - a@example.org
    - b@example.org
  team: payments
  enabled: false
schedules: []
escalations: []
rules:
- name: quiet staging
  match: '{environment="staging"}'
  order: 1
  stop: true
  actions:
  - suppress: staging wakes nobody
- name: tell payments
  match: service=~"pay.*"
  order: 2
  team: payments
  actions:
  - set:
      severity: high
      team: payments
  - notify: mail
  - notify: hook
  - set:
      runbook_url: https://example.org/runbook
"""


def apply(text, **options):
    deed = Deed(COMMAND_LINE, NOW)
    return apply_config(text.encode(), deed=deed, mask=mask_secret, **options)

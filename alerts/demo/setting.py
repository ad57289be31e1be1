"""What the demo's people have set up: teams, channels, rules, who is on call, what is silent."""

_COMMON = """
teams:
  - name: payments
    members: [{{user: jo, role: team_admin}}, sam, kim]
  - name: platform
    members: [{{user: robin, role: team_admin}}, alex]
channels:
  - name: demo payments hook
    kind: webhook
    settings: {{url: "{sink}/calm", secret: "demo secret of the sink"}}
  - name: demo platform hook
    kind: webhook
    settings: {{url: "{sink}/flaky", secret: "demo secret of the sink"}}
  - name: demo payments chat
    kind: slack
    settings: {{url: "{sink}/calm"}}
  - name: demo retired hook
    kind: webhook
    settings: {{url: "{sink}/gone", secret: "demo secret of the sink"}}
    fallback: demo payments chat
schedules:
  - name: demo payments on call
    team: payments
    zone: Europe/Berlin
    layers:
      - name: weeks
        rotation: 1w
        starts_at: 2026-01-05 09:00
        people: [jo, sam, kim]
      - name: nights
        rotation: 1d
        starts_at: 2026-01-05 22:00
        people: [kim, sam]
        hours: "22:00-06:00"
escalations:
  - name: demo payments pages
    team: payments
    repeat: 1
    steps:
      - notify: [{{schedule: demo payments on call}}]
      - delay: 1m
        notify: [{{team: payments}}]
rules:
  - name: demo staging is quiet
    match: '{{source="demo", environment="staging"}}'
    order: 900
    stop: true
    actions:
      - suppress: staging wakes nobody
  - name: demo storms
    match: '{{source="demo", name=~"HostUnreachable|QueueGrowing"}}'
    order: 905
    group_by: [name, region]
    group_wait: 5s
    group_interval: 1m
    actions:
      - notify: demo platform hook
  - name: demo payments
    match: '{{source="demo", service=~"billing|checkout|ledger"}}'
    order: 910
    actions:
      - set: {{team: payments}}
      - notify: demo payments hook
  - name: demo platform
    match: '{{source="demo", service=~"gateway|search|switch"}}'
    order: 920
    actions:
      - set: {{team: platform}}
      - notify: demo platform hook
  - name: demo critical
    match: '{{source="demo", severity="critical", service!="switch"}}'
    order: 930
    actions:
      - notify: demo retired hook
  - name: demo silence of the backup
    match: '{{source="heartbeat", name="HeartbeatMissing"}}'
    order: 935
    actions:
      - notify: demo payments chat
  - name: demo payments are paged
    match: '{{source="demo", severity="critical", service=~"billing|checkout"}}'
    order: 940
    active_times: "mon-sun 00:00-24:00 Europe/Berlin"
    actions:
      - page: payments
inhibitions:
  - name: demo a switch explains its hosts
    source_match: '{{name="SwitchDown"}}'
    target_match: '{{name="HostUnreachable"}}'
    equal: [region]
silences:
  - name: demo mail moves on Sundays
    match: '{{source="demo", service="mail"}}'
    comment: the mail servers move on Sundays
    starts_at: 2026-01-04T02:00:00+01:00
    recurrence: FREQ=WEEKLY;BYDAY=SU
    zone: Europe/Berlin
    duration: 4h
subscriptions:
  - name: demo jo hears of checkout
    user: jo
    match: '{{source="demo", service="checkout"}}'
    min_severity: high
    quiet_hours: "22:00-07:00"
    zone: Europe/Berlin
  - name: demo platform reads a digest
    team: platform
    match: '{{source="demo"}}'
    channel: demo platform hook
    digest: every 30m
heartbeats:
  - name: demo.nightly-backup
    interval: 20s
    grace: 20s
    severity: high
    service: ledger
    environment: production
"""
_CLOUD = """
rules:
  - name: demo sick instances are rebooted
    match: '{source="demo", name="InstanceUnhealthy", environment="production"}'
    order: 950
    actions:
      - remediate: ec2_reboot
        with: {cooldown: 5m, clear_within: 2m, region: us-east-1}
        dry_run: false
        approval: none
  - name: demo broken instances are replaced
    match: '{source="demo", name="InstanceBroken"}'
    order: 960
    actions:
      - remediate: ec2_terminate
        with: {region: us-east-1, max_percent: 50}
        dry_run: false
        approval: required
"""
PEOPLE = ("jo", "sam", "kim", "robin", "alex")


def configuration_for(sink: str) -> str:
    """The file for `applyconfig`; `sink` is where webhooks go."""
    return _COMMON.format(sink=sink)


def cloud_configuration() -> str:
    """What needs a cloud."""
    return _CLOUD

"""What the portal is put together of: every plug-in and registry, each by its dotted path."""

from datetime import timedelta

ALERT_CHANNELS = [
    "alerts.channels.email.EmailChannel",
    "alerts.channels.pagerduty.PagerDutyChannel",
    "alerts.channels.webhook.WebhookChannel",
    "alerts.channels.slack.SlackChannel",
    "alerts.channels.sns.SnsChannel",
    "alerts.channels.apprise.AppriseChannel",
]
# Services that Apprise may call: none whose URL names a host, a file or this machine.
APPRISE_KNOWN = (
    "clicksend", "discord", "firehydrant", "gchat", "groupme", "ifttt", "ilert", "incidentio",
    "line", "msgbird", "opsgenie", "pagertree", "pbul", "pover", "prowl", "pushed", "signl4",
    "spike", "splunk", "spush", "tgram", "twilio", "victorops", "vonage", "webex", "wxteams",
)  # fmt: skip
# What an alert may be at most to be held back by a change.
SEVERITIES = ("critical", "high", "warning", "low", "info")
ALERT_FORMATS = [
    "alerts.formats.native.NativeFormat",
    "alerts.formats.alertmanager.AlertmanagerFormat",
    "alerts.formats.pagerduty.PagerDutyFormat",
    "alerts.formats.aws.sns.SnsFormat",
    "alerts.formats.aws.eventbridge.EventBridgeFormat",
    "alerts.formats.alertmanager_webhook.AlertmanagerWebhookFormat",
    "alerts.formats.grafana.GrafanaFormat",
    "alerts.formats.opsgenie.OpsgenieFormat",
    "alerts.formats.generic.GenericFormat",
    "alerts.formats.alerta.AlertaFormat",
]
CHANGE_FORMATS = [
    "chronos.formats.native.NativeFormat",
    "chronos.formats.pagerduty.PagerDutyChangeFormat",
    "chronos.formats.cloudevents.CloudEventsFormat",
    "chronos.formats.cdevents.CdEventsFormat",
    "chronos.formats.grafana.GrafanaAnnotationsFormat",
    "chronos.formats.grafana.GraphiteAnnotationsFormat",
    "chronos.formats.github.GitHubFormat",
    "chronos.formats.gitlab.GitLabFormat",
    "chronos.formats.datadog.DatadogEventFormat",
    "chronos.formats.datadog.DatadogEventV2Format",
    "chronos.formats.sentry.SentryReleaseFormat",
    "chronos.formats.sentry.SentryDeployFormat",
    "chronos.formats.honeycomb.HoneycombFormat",
    "chronos.formats.eventbridge.CloudTrailFormat",
]
# Registries whose formats have doors: their slugs are different ones.
FORMATS = ["ALERT_FORMATS", "CHANGE_FORMATS"]
# What a view of a lower layer hands a POST to, where a door shares its path with a list.
INTAKE_VIEW = "alerts.intake_views.intake_view"
# What questions about changes may refer to beside changes; see chronos/ask/resolve.py.
REFERENCES = ["alerts.references.AlertReference", "chronos.references.FreezeReference"]
# What a rule may have done about an alert; see alerts/remediations.
REMEDIATIONS = [
    "alerts.remediations.ec2_reboot.Ec2Reboot",
    "alerts.remediations.ec2_terminate.Ec2Terminate",
    "alerts.remediations.webhook.WebhookRemediation",
]
# What reads the configuration of clouds, in the order in which it is asked; see
# security/collectors.
COLLECTORS = [
    "security.collectors.ec2_security_groups.SecurityGroups",
    "security.collectors.ec2_prefix_lists.PrefixLists",
]
# What is wrong with a configuration; see security/auditors.
AUDITORS = [
    "security.auditors.security_groups.OpenToWorld",
]
# Registries whose plug-ins have a lock each; see opsportal/safety.
LEASHED = ["REMEDIATIONS"]
# What the dispatcher sweeps and workers are nudged to run; see opsportal/lib/outbox.py.
OUTBOXES = [
    "alerts.tasks.DecisionOutbox",
    "alerts.tasks.AlertGroupOutbox",
    "alerts.tasks.NotificationOutbox",
    "alerts.tasks.EscalationOutbox",
    "alerts.tasks.RemediationOutbox",
    "security.tasks.CollectionOutbox",
]
# What the dispatcher calls every five seconds, each in a thread of its own, with `now`: deeds that
# find by themselves what is due. Several dispatchers may call one at the same time.
SWEEPS = [
    "alerts.escalate.watch_escalations",
    "alerts.heartbeat.check_heartbeats",
    "alerts.release.release_held",
    "alerts.silence.sweep_silences",
    "alerts.violations.sweep_violations",
    "alerts.windows.sweep_windows",
    "security.audit.audit_due",
    "security.collect.plan_collections",
]
# Who knows which changes brought something about: functions of a moment, which say of the changes
# blamed since then when what they brought about began. For DORA's figures.
BLAMES = ["alerts.suspect.confirmed_causes"]
# Sections of `applyconfig` files, in the order they are applied.
CONFIG_SECTIONS = [
    "opsportal.accounts.configure.TeamSection",
    "alerts.configure.TemplateSection",
    "alerts.configure.ChannelSection",
    "alerts.configure.ScheduleSection",
    "alerts.configure.EscalationSection",
    "alerts.configure.RuleSection",
    "alerts.configure.SubscriptionSection",
    "alerts.configure.SilenceSection",
    "alerts.configure.InhibitionSection",
    "alerts.configure.HeartbeatSection",
    "alerts.configure.MappingSection",
    "chronos.configure.AliasSection",
    "chronos.configure.FreezeSection",
    "chronos.configure.DependencySection",
]
# What other apps show on the timeline; see chronos/overlay.py.
OVERLAYS = [
    "alerts.overlay.AlertOverlay",
]
# What `manage.py demo` plays.
DEMOS = [
    "alerts.demo.MailDemo",
    "alerts.demo.AlertDemo",
    "alerts.demo.FlappingDemo",
    "alerts.demo.HeartbeatDemo",
    "alerts.demo.WebhookDemo",
    "alerts.demo.CloudDemo",
    "chronos.demo.ChangeDemo",
]
# Gauges and counters of /metrics that are read from the database.
METRICS = [
    "opsportal.runtime.metrics.RuntimeMetrics",
    "alerts.metrics.AlertMetrics",
    "alerts.metrics.EscalationMetrics",
    "opsportal.safety.metrics.SafetyMetrics",
    "chronos.metrics.FreezeMetrics",
    "security.metrics.CollectionMetrics",
]
# The only source of periodic jobs: name -> (dotted path of a function, every).
SCHEDULES = {
    "accounts.prune": ("opsportal.accounts.tasks.prune_accounts", timedelta(hours=1)),
    "alerts.calendars": ("alerts.tasks.fetch_calendars", timedelta(minutes=15)),
    "alerts.coverage": ("alerts.tasks.watch_coverage", timedelta(minutes=5)),
    "alerts.escalations": ("alerts.tasks.watch_pages", timedelta(minutes=1)),
    "alerts.expire": ("alerts.tasks.expire_alerts", timedelta(minutes=1)),
    "alerts.mend": ("alerts.tasks.mend_deliveries", timedelta(minutes=1)),
    "alerts.late_violations": ("alerts.tasks.find_violations", timedelta(hours=1)),
    "alerts.prune": ("alerts.tasks.prune_alerts", timedelta(hours=1)),
    "chronos.count": ("chronos.tasks.count_changes", timedelta(minutes=1)),
    "chronos.keep": ("chronos.tasks.keep_changes", timedelta(hours=1)),
    "safety.expire": ("opsportal.safety.tasks.expire_safety", timedelta(minutes=1)),
    "security.prune": ("security.tasks.prune_collections", timedelta(minutes=5)),
    "security.watch": ("security.tasks.watch_scopes", timedelta(minutes=1)),
    "runtime.prune": ("opsportal.runtime.tasks.prune_runtime", timedelta(hours=1)),
}
# What team admins may edit when their team owns it.
TEAM_OWNED = [
    "accounts.apikey",
    "alerts.channel",
    "alerts.escalationpolicy",
    "alerts.heartbeat",
    "alerts.inhibition",
    "alerts.mapping",
    "alerts.messagetemplate",
    "alerts.override",
    "alerts.rule",
    "alerts.ruleaction",
    "alerts.schedule",
    "alerts.signingsecret",
    "alerts.snstopic",
    "alerts.subscription",
    "chronos.freeze",
    "security.riskacceptance",
]
# What responders of the team may edit as well.
RESPONDER_OWNED = ["alerts.silence"]

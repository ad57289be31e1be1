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
    "security.collectors.ec2_prefix_lists.PrefixLists",
    "security.collectors.iam_policies.Policies",
    "security.collectors.iam_groups.Groups",
    "security.collectors.iam_roles.Roles",
    "security.collectors.iam_users.Users",
    "security.collectors.iam_credentials.Credentials",
    "security.collectors.iam_account.IamAccount",
    "security.collectors.ec2_account.Ec2Account",
    "security.collectors.ec2_addresses.Addresses",
    "security.collectors.cloudtrail_trails.Trails",
    "security.collectors.route53_zones.Zones",
    "security.collectors.route53_records.Records",
    "security.collectors.s3_account.S3Account",
    "security.collectors.s3_buckets.Buckets",
    "security.collectors.ec2_interfaces.NetworkInterfaces",
    "security.collectors.ec2_security_groups.SecurityGroups",
    "security.collectors.ec2_instances.Instances",
    "security.collectors.autoscaling_groups.AutoScalingGroups",
    "security.collectors.ec2_flow_logs.FlowLogs",
    "security.collectors.ec2_vpcs.Vpcs",
    "security.collectors.ec2_vpcs.Subnets",
    "security.collectors.ec2_network_acls.NetworkAcls",
    "security.collectors.ec2_endpoints.Peerings",
    "security.collectors.ec2_route_tables.RouteTables",
    "security.collectors.ec2_endpoints.VpcEndpoints",
    "security.collectors.ec2_gateways.InternetGateways",
    "security.collectors.ec2_gateways.NatGateways",
    "security.collectors.elb.ClassicLoadBalancers",
    "security.collectors.elbv2.LoadBalancers",
    "security.collectors.rds.DbInstances",
    "security.collectors.rds.DbClusters",
    "security.collectors.kms_keys.Keys",
    "security.collectors.sns_topics.Topics",
    "security.collectors.sqs_queues.Queues",
    "security.collectors.lambda_functions.Functions",
    "security.collectors.ecr_repositories.Repositories",
    "security.collectors.secretsmanager_secrets.Secrets",
    "security.collectors.ec2_snapshots.Snapshots",
    "security.collectors.ec2_images.Images",
    "security.collectors.rds_snapshots.DbSnapshots",
]
# Who knows accounts of clouds, for whatever reads there: functions that return them; see
# opsportal/lib/aws/accounts.py.
CLOUD_ACCOUNTS = ["security.account.managed_accounts"]
# What reads there beside collectors: functions of an account's name, which say the permissions
# that its policy is to allow.
CLOUD_READERS = ["certs.grant.actions_in"]
# What is wrong with a configuration; see security/auditors.
AUDITORS = [
    "security.auditors.iam_account.RootAccessKeys",
    "security.auditors.iam_account.RootWithoutMfa",
    "security.auditors.iam_account.WeakPasswordPolicy",
    "security.auditors.iam_credentials.PasswordWithoutMfa",
    "security.auditors.iam_credentials.OldAccessKey",
    "security.auditors.iam_credentials.UnusedCredential",
    "security.auditors.iam_credentials.TwoActiveKeys",
    "security.auditors.iam_users.PolicyOnUser",
    "security.auditors.iam_account.CallsNotTrailed",
    "security.auditors.route53.NameLeadsNowhere",
    "security.auditors.open_ports.AllPortsOpen",
    "security.auditors.open_ports.LoginOpen",
    "security.auditors.open_ports.DatabaseOpen",
    "security.auditors.open_ports.LegacyOpen",
    "security.auditors.open_ports.OtherPortOpen",
    "security.auditors.open_ports.BroadNetwork",
    "security.auditors.security_groups.DefaultGroupUsed",
    "security.auditors.security_groups.ForeignPeer",
    "security.auditors.security_groups.UnreadablePrefixList",
    "security.auditors.security_groups.UnusedGroup",
    "security.auditors.networks.AclOpenToWorld",
    "security.auditors.networks.NoFlowLog",
    "security.auditors.networks.OpenEndpoint",
    "security.auditors.networks.WidePeeringRoute",
    "security.auditors.databases.OpenDatabase",
    "security.auditors.load_balancers.WeakListener",
    "security.auditors.s3_access.PublicBucket",
    "security.auditors.s3_access.LatentlyPublicBucket",
    "security.auditors.s3_settings.AccountBlock",
    "security.auditors.s3_settings.BucketBlock",
    "security.auditors.s3_access.SharedBucket",
    "security.auditors.s3_settings.PlainTransport",
    "security.auditors.s3_settings.OpenCors",
    "security.auditors.s3_access.TrailBucket",
    "security.auditors.resource_policies.ExposedKey",
    "security.auditors.resource_policies.ExposedByPolicy",
    "security.auditors.iam_policies.Administrator",
    "security.auditors.iam_policies.AdministratorOfIam",
    "security.auditors.iam_policies.Escalation",
    "security.auditors.iam_policies.PassAnyRole",
    "security.auditors.iam_policies.AllBut",
    "security.auditors.iam_trust.PublicTrust",
    "security.auditors.iam_trust.StrangersTrust",
    "security.auditors.iam_trust.WholeAccountTrust",
    "security.auditors.iam_trust.AnyIdentityTrust",
    "security.auditors.iam_trust.ConfusableTrust",
    "security.auditors.iam_trust.DanglingPrincipal",
    "security.auditors.sharing.SharedSnapshot",
]
# Where certificates are looked for; see certs/sources.
CERTIFICATE_SOURCES = [
    "certs.sources.endpoints.TlsEndpoints",
    "certs.sources.files.CertificateFiles",
    "certs.sources.upload.Uploads",
    "certs.sources.kubernetes.KubernetesSecrets",
    "certs.sources.vault.VaultPki",
    "certs.sources.zone.ZoneFile",
    "certs.sources.ct.log.TransparencyLog",
    "certs.sources.ct.push.PushedEntries",
    "certs.sources.aws.acm.AcmCertificates",
    "certs.sources.aws.iam.IamCertificates",
    "certs.sources.aws.elb.LoadBalancers",
    "certs.sources.aws.cloudfront.Distributions",
    "certs.sources.aws.route53.Zones",
    "certs.sources.network.NetworkSweep",
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
    "certs.tasks.SourceRunOutbox",
    "certs.tasks.ProbeOutbox",
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
    "security.accept.watch_acceptances",
    "security.activity.handle_activities",
    "security.tasks.hear_trails",
    "security.activity.take_posted",
    "security.audit.audit_due",
    "security.audit.tell_findings",
    "security.collect.plan_collections",
    "security.probe.probe_accounts",
    "certs.discover.plan_runs",
    "certs.judge.endpoints.judge_endpoints",
    "certs.observe.plan_probes",
    "certs.judge.certificates.judge_certificates",
    "certs.tell.tell_findings",
    "certs.validate.revocation.check_revocations",
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
    "security.configure.CloudAccountSection",
    "certs.configure.trust.TrustStoreSection",
    "certs.configure.sources.CertificateSourceSection",
    "certs.configure.policies.CertificatePolicySection",
    "certs.configure.owners.CertificateOwnerSection",
    "certs.configure.domains.CertificateDomainSection",
    "certs.configure.endpoints.CertificateEndpointSection",
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
    "security.demo.SecurityDemo",
    "certs.demo.CertificateDemo",
]
# Gauges and counters of /metrics that are read from the database.
METRICS = [
    "opsportal.runtime.metrics.RuntimeMetrics",
    "alerts.metrics.AlertMetrics",
    "alerts.metrics.EscalationMetrics",
    "opsportal.safety.metrics.SafetyMetrics",
    "chronos.metrics.FreezeMetrics",
    "security.metrics.CollectionMetrics",
    "certs.metrics.CertificateMetrics",
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
    "certs.observed": ("certs.tasks.prune_observed", timedelta(hours=1)),
    "certs.prune": ("certs.tasks.keep_runs", timedelta(hours=1)),
    "certs.revocations": ("certs.tasks.watch_revocations", timedelta(minutes=5)),
    "certs.sources": ("certs.tasks.watch_sources", timedelta(minutes=1)),
    "chronos.count": ("chronos.tasks.count_changes", timedelta(minutes=1)),
    "chronos.keep": ("chronos.tasks.keep_changes", timedelta(hours=1)),
    "safety.expire": ("opsportal.safety.tasks.expire_safety", timedelta(minutes=1)),
    "security.prune": ("security.tasks.prune_collections", timedelta(minutes=5)),
    "security.watch": ("security.tasks.watch_scopes", timedelta(minutes=1)),
    "security.activities": ("security.tasks.keep_activities", timedelta(hours=1)),
    "security.trails": ("security.tasks.watch_trails", timedelta(minutes=1)),
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
    "certs.endpoint",
    "certs.source",
    "chronos.freeze",
    "security.riskacceptance",
]
# What responders of the team may edit as well.
RESPONDER_OWNED = ["alerts.silence"]

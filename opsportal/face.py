"""The shell that all pages share: its sidebar, its colours, its own script and style."""

# Groups of the sidebar: title, icon, URL name, permission ("" for everybody who is signed in).
NAVIGATION = [
    (
        "",
        [
            ("Dashboard", "space_dashboard", "dashboard", ""),
            ("Alerts", "notifications_active", "alerts", ""),
            ("On call", "support_agent", "oncall", ""),
            ("Noise", "graphic_eq", "noise", ""),
        ],
    ),
    (
        "Timeline",
        [
            ("Changes", "timeline", "changes", ""),
            ("What is running", "deployed_code", "running", ""),
            ("Freezes", "ac_unit", "freezes", ""),
            ("Delivery (DORA)", "speed", "dora", ""),
            ("Coverage", "radar", "coverage", ""),
            (
                "Dependencies",
                "account_tree",
                "admin:chronos_dependency_changelist",
                "chronos.view_dependency",
            ),
            (
                "All records",
                "list_alt",
                "admin:chronos_changeevent_changelist",
                "chronos.view_changeevent",
            ),
        ],
    ),
    (
        "Cloud security",
        [
            ("Configuration changes", "difference", "security-changes", ""),
            ("Findings", "policy", "security-findings", ""),
            ("Inventory", "inventory_2", "security-inventory", ""),
            ("Addresses", "lan", "security-addresses", ""),
            ("Not announced", "notification_important", "cloud-unannounced", ""),
            (
                "Calls",
                "receipt_long",
                "admin:security_apiactivity_changelist",
                "security.view_apiactivity",
            ),
            ("Checks", "checklist", "security-checks", ""),
            ("Acceptances", "handshake", "security-acceptances", ""),
            ("Health", "health_and_safety", "cloud-health", ""),
            ("Accounts", "cloud", "cloud-accounts", ""),
        ],
    ),
    (
        "Certificates",
        [
            ("Expiries", "event_upcoming", "certs-wall", ""),
            ("Certificates", "license", "certs-certificates", ""),
            ("Findings", "report", "certs-findings", ""),
            ("Endpoints", "dns", "certs-endpoints", ""),
            ("Sources", "travel_explore", "certs-sources", ""),
            ("Proposals", "add_link", "certs-proposals", ""),
            ("Check a host", "network_check", "certs-check", ""),
            ("Upload", "upload_file", "certs-upload", ""),
            (
                "Trust stores",
                "verified_user",
                "admin:certs_truststore_changelist",
                "certs.view_truststore",
            ),
            ("Domains", "domain", "admin:certs_domain_changelist", "certs.view_domain"),
            (
                "Policies",
                "timer",
                "admin:certs_certificatepolicy_changelist",
                "certs.view_certificatepolicy",
            ),
            (
                "Owners",
                "assignment_ind",
                "admin:certs_ownershiprule_changelist",
                "certs.view_ownershiprule",
            ),
        ],
    ),
    (
        "Routing",
        [
            ("Rules", "alt_route", "admin:alerts_rule_changelist", "alerts.view_rule"),
            (
                "Silences",
                "notifications_off",
                "admin:alerts_silence_changelist",
                "alerts.view_silence",
            ),
            (
                "Change windows",
                "event_busy",
                "admin:alerts_changewindow_changelist",
                "alerts.view_changewindow",
            ),
            (
                "Inhibitions",
                "call_merge",
                "admin:alerts_inhibition_changelist",
                "alerts.view_inhibition",
            ),
            ("My subscriptions", "bookmark", "subscriptions", ""),
            (
                "Subscriptions",
                "bookmarks",
                "admin:alerts_subscription_changelist",
                "alerts.view_subscription",
            ),
            (
                "Heartbeats",
                "monitor_heart",
                "admin:alerts_heartbeat_changelist",
                "alerts.view_heartbeat",
            ),
            ("Channels", "send", "admin:alerts_channel_changelist", "alerts.view_channel"),
            (
                "Templates",
                "edit_note",
                "admin:alerts_messagetemplate_changelist",
                "alerts.view_messagetemplate",
            ),
        ],
    ),
    (
        "Paging",
        [
            (
                "On-call schedules",
                "calendar_month",
                "admin:alerts_schedule_changelist",
                "alerts.view_schedule",
            ),
            (
                "Escalation policies",
                "stairs",
                "admin:alerts_escalationpolicy_changelist",
                "alerts.view_escalationpolicy",
            ),
            (
                "Escalations",
                "campaign",
                "admin:alerts_escalation_changelist",
                "alerts.view_escalation",
            ),
        ],
    ),
    (
        "Senders",
        [
            ("Senders", "cell_tower", "admin:alerts_sender_changelist", "alerts.view_sender"),
            (
                "Raw deliveries",
                "move_to_inbox",
                "admin:alerts_rawdelivery_changelist",
                "alerts.view_rawdelivery",
            ),
            (
                "Failed",
                "sms_failed",
                "admin:alerts_rawdelivery_changelist?verdict__exact=failed",
                "alerts.view_rawdelivery",
            ),
            ("Mappings", "schema", "admin:alerts_mapping_changelist", "alerts.view_mapping"),
            ("SNS topics", "cloud", "admin:alerts_snstopic_changelist", "alerts.view_snstopic"),
        ],
    ),
    (
        "Deliveries",
        [
            (
                "Notifications",
                "outbox",
                "admin:alerts_notification_changelist",
                "alerts.view_notification",
            ),
            (
                "Dead letters",
                "unsubscribe",
                "admin:alerts_notification_changelist?state__exact=dead",
                "alerts.view_notification",
            ),
        ],
    ),
    (
        "Safety",
        [
            ("Safety", "health_and_safety", "safety", ""),
            (
                "Remediations",
                "healing",
                "admin:alerts_remediation_changelist",
                "alerts.view_remediation",
            ),
            (
                "Journal",
                "receipt_long",
                "admin:safety_journalentry_changelist",
                "safety.view_journalentry",
            ),
        ],
    ),
    (
        "People and keys",
        [
            ("People", "person", "admin:accounts_user_changelist", "accounts.view_user"),
            ("Teams", "groups", "admin:accounts_team_changelist", "accounts.view_team"),
            ("API keys", "key", "admin:accounts_apikey_changelist", "accounts.view_apikey"),
            (
                "Signing secrets",
                "signature",
                "admin:alerts_signingsecret_changelist",
                "alerts.view_signingsecret",
            ),
            (
                "Audit trail",
                "history_edu",
                "admin:accounts_auditentry_changelist",
                "accounts.view_auditentry",
            ),
        ],
    ),
    (
        "System",
        [
            ("Processes", "memory", "admin:runtime_process_changelist", "runtime.view_process"),
            (
                "Schedules",
                "schedule",
                "admin:django_q_schedule_changelist",
                "django_q.view_schedule",
            ),
            ("API", "api", "api-docs", ""),
        ],
    ),
]
# unfold's own settings.
THEME = {
    "SITE_TITLE": "opsportal",
    "SITE_HEADER": "opsportal",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "BORDER_RADIUS": "5px",
    "STYLES": ["opsportal.lib.navigation.stylesheet", "opsportal.safety.pages.stylesheet"],
    "SCRIPTS": ["opsportal.lib.navigation.shell_script", "opsportal.lib.navigation.portal_script"],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "opsportal.lib.navigation.icon"}
    ],
    "SIDEBAR": {
        "show_search": "opsportal.lib.navigation.may_search",
        "command_search": True,
        "navigation": "opsportal.lib.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(66% .17 256)",
            "600": "oklch(52% .19 260)",
            "700": "oklch(46% .19 262)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        },
    },
}

"""How the REST framework and the schema of the API are set up; settings take it from here."""

FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "opsportal.accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["opsportal.accounts.permissions.NobodyYet"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["opsportal.lib.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "opsportal.lib.api.handle_error",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SCHEMA = {
    "TITLE": "opsportal",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Severity": "alerts.models.episode.SEVERITY_CHOICES",
        "DecisionOutcome": "alerts.models.episode.Decision.Outcome",
        "AlertStatus": "alerts.models.episode.Alert.Status",
        "ChangeStatus": "chronos.normalise.STATUSES",
        "BeatStatus": "alerts.api.heartbeats.BEAT_STATUSES",
        "HeartbeatState": "alerts.models.heartbeat.Heartbeat.State",
        "OutboxState": "opsportal.lib.outbox.OutboxRow.State",
        "SilenceState": "alerts.models.policy.Silence.State",
        "SuspectVerdict": "alerts.suspect.VERDICTS",
        "ResourceState": "security.models.CloudResource.State",
        "RevisionKind": "security.models.ConfigRevision.Kind",
        "CollectionOutcome": "security.models.Outcome",
        "SourceOutcome": "certs.models.Outcome",
        "DeliveryVerdict": "alerts.models.sender.RawDelivery.Verdict",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "opsportal.lib.api.schema.add_errors",
    ],
    # Expanded, Swagger UI shows only a part of so many calls.
    "SWAGGER_UI_SETTINGS": {"docExpansion": "none", "deepLinking": True, "filter": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

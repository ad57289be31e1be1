"""Every setting; values come from the environment through `lib/env` and nowhere else.

docs/configuration.md has the table of all variables; a test holds it complete.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF

from opsportal import face, plugins, rest
from opsportal.lib import sqlite
from opsportal.lib.env import (
    env_bool,
    env_choice,
    env_choices,
    env_days,
    env_int,
    env_list,
    env_networks,
    env_secret,
    env_str,
    kept_secret,
)
from opsportal.lib.logs import logging_settings

# Plug-ins and registries.
from opsportal.plugins import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --- the machine -----------------------------------------------------------------------------
DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env_bool("DEBUG", default=False)
SECRET_KEY = env_secret("SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = [k for k in env_secret("SECRET_KEY_FALLBACKS").split(",") if k]
# Where people reach the portal; links in messages start with it.
PUBLIC_URL = env_str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_HTTPS = PUBLIC_URL.startswith("https://")
_HOSTS = ("localhost", "127.0.0.1", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ("*",) if DEBUG else _HOSTS)
CSRF_TRUSTED_ORIGINS = env_list("TRUSTED_ORIGINS", (PUBLIC_URL,))

# --- what it is made of ----------------------------------------------------------------------
INSTALLED_APPS = [
    "opsportal.accounts",
    "opsportal.runtime",
    "chronos",
    "opsportal.safety",
    "alerts",
    "security",
    "certs",
    # The plain configuration: the default one would put its own site in place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "opsportal.lib.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "opsportal.lib.requests.RequestIdMiddleware",
    "opsportal.lib.requests.AccessLogMiddleware",
    "opsportal.lib.requests.UnavailableMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
# A line for every request that Django answers; the ingest path is too busy to be logged.
ACCESS_LOG = env_bool("ACCESS_LOG", default=False)
ROOT_URLCONF = "opsportal.urls"
WSGI_APPLICATION = "opsportal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "opsportal.safety.pages.safety_state",
            ],
        },
    }
]

# --- storage ---------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(
        env_secret("DATABASE_URL", f"sqlite:///{DATA_DIR / 'opsportal.sqlite3'}"),
        conn_max_age=env_int("DATABASE_CONN_MAX_AGE", 300),
        conn_health_checks=True,
    )
}
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if SQLITE:
    DATABASES["default"] |= sqlite.SETTINGS
else:
    # A database that does not answer must not hold a request for long.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env_secret("REDIS_URL")
_CACHE = "django.core.cache.backends"
CACHES = {"default": {"BACKEND": f"{_CACHE}.db.DatabaseCache", "LOCATION": "cache"}}
if REDIS_URL:
    CACHES["default"] = {"BACKEND": f"{_CACHE}.redis.RedisCache", "LOCATION": REDIS_URL}

# --- work in the background ------------------------------------------------------------------
Q_CLUSTER = {
    "name": "opsportal",
    "workers": env_int("WORKERS", 2, least=1),
    "timeout": 60,
    "retry": 180,
    "queue_limit": 2,
    "bulk": 1,
    "max_attempts": 5,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
    "poll": 0.2,
    "orm": "default",
}
# A message whose worker was killed is sent again after so long; more than a send may take.
DELIVERY_LEASE = timedelta(seconds=env_int("DELIVERY_LEASE", 180, least=30))
WEB_WORKERS = env_int("WEB_WORKERS", 1 if SQLITE else 2, least=1)
WEB_THREADS = env_int("WEB_THREADS", 16, least=1)

# --- who may come in -------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "opsportal.accounts.backends.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# The first administrator, made at the first start; without a password one is generated.
ADMIN_USER = env_str("ADMIN_USER", "admin")
ADMIN_PASSWORD = env_secret("ADMIN_PASSWORD")
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# Models that people may edit when their team owns them, and apps that only administrators see.
ADMINISTRATORS_ONLY = ["axes"]
# Proxies in front whose X-Forwarded-For is believed, as CIDRs.
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES")
AXES_FAILURE_LIMIT = env_int("LOGIN_FAILURES", 5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False  # accounts has pages of its own for it
AXES_LOCKOUT_CALLABLE = "opsportal.accounts.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "opsportal.lib.addresses.client_address"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
# The proxy in front does it; the portal itself also answers probes without TLS.
SECURE_SSL_REDIRECT = False
SILENCED_SYSTEM_CHECKS = ["security.W008"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}

# --- limits ----------------------------------------------------------------------------------
MAX_BODY_BYTES = env_int("MAX_BODY_MB", 8, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Silences that come once last no longer; what is longer is forgotten.
SILENCE_LONGEST = timedelta(days=env_int("SILENCE_LONGEST_DAYS", 90, least=1))
# Deployments to these are DORA's.
PRODUCTION_ENVIRONMENTS = env_list("PRODUCTION_ENVIRONMENTS", ("prod", "production"))
# A change holds back the alerts in its scope so long after its end; after its start, at most.
CHANGE_WINDOW_GRACE = timedelta(minutes=env_int("CHANGE_WINDOW_GRACE_MINUTES", 5))
CHANGE_WINDOW_MOST = timedelta(minutes=env_int("CHANGE_WINDOW_MOST_MINUTES", 240, least=1))
CHANGE_WINDOW_UP_TO = env_choice("CHANGE_WINDOW_SEVERITY_UP_TO", "high", plugins.SEVERITIES)
# So many openings of a key within the window are flapping; 0: never.
FLAPPING_COUNT = env_int("FLAPPING_COUNT", 5)
FLAPPING_WITHIN = timedelta(minutes=env_int("FLAPPING_MINUTES", 60, least=1))
# So many walks of a team begin within a minute; what is more is paged with the latest of them.
PAGES_PER_MINUTE = env_int("PAGES_PER_MINUTE", 20, least=1)
# What came in is kept so long as it was received, redacted.
RAW_RETENTION = timedelta(days=env_int("RAW_DELIVERY_DAYS", 7, least=1))
# How often the counts of senders are written.
TALLY_EVERY = timedelta(seconds=5)
RETENTION = timedelta(days=env_int("RETENTION_DAYS", 400, least=1))
# Changes are kept so long since they began; some kinds shorter or longer.
CHANGE_RETENTION = timedelta(days=env_int("CHANGE_RETENTION_DAYS", 1095, least=1))
CHANGE_RETENTION_BY_KIND = env_days("CHANGE_RETENTION_BY_KIND")
# Askings of clouds that are over, and errors of theirs that were cleared.
COLLECTION_RETENTION = timedelta(days=env_int("COLLECTION_DAYS", 7, least=1))
# Directories whose files may be read as certificates; none: whoever edits sources reads no file.
CERTS_FILES = env_list("CERTS_FILES")
# Runs of sources of certificates, and troubles of theirs that are over.
CERTS_RUN_RETENTION = timedelta(days=env_int("CERTS_RUN_DAYS", 30, least=1))
# An account whose trail was not heard for so long is alerted on.
TRAIL_SILENT_AFTER = timedelta(hours=env_int("TRAIL_SILENT_HOURS", 24, least=1))
# When people usually work; who changes a cloud by hand at other times is told of so.
WORK_HOURS = env_str("WORK_HOURS", "mon-fri 07:00-19:00 UTC")
# Calls of a cloud's API are kept so long; those that brought a revision about as long as it is.
ACTIVITY_RETENTION = timedelta(days=env_int("ACTIVITY_RETENTION_DAYS", 400, least=1))
# What endpoints served, once they serve something else.
OBSERVATION_RETENTION = timedelta(days=env_int("OBSERVATION_DAYS", 400, least=1))
# Names that turn up below a domain and wait for somebody's word, or are taken at once.
CERTS_MOST_PROPOSALS = env_int("CERTS_MOST_PROPOSALS", 2000, least=1)

# --- outward ---------------------------------------------------------------------------------
_EMAIL = dj_email_url.parse(env_secret("EMAIL_URL", "console:"))
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = _EMAIL["EMAIL_HOST"] or ""
EMAIL_PORT = _EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _EMAIL["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _EMAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env_str("EMAIL_FROM", "opsportal@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Private ranges that the guarded client may reach, as CIDRs; public addresses always.
OUTBOUND_ALLOW = env_networks("OUTBOUND_ALLOW")
# Private ranges in which certificates may be looked for, as CIDRs; public addresses always.
CERTS_SCAN_ALLOW = env_networks("CERTS_SCAN_ALLOW")
# What SNS calls itself: where it answers, and whom its certificates are for (SnsHostProvider.java
# in aws-sdk-java-v2). Not for operators to change; tests have an Amazon of their own.
SNS_HOSTS = r"sns\.[a-z]{2}(-[a-z]+)+-\d{1,2}\.amazonaws\.com(\.cn)?"
SNS_SIGNERS = r"sns(-(cn|us-gov)-[a-z0-9-]+|-signing\.[a-z]{2}-[a-z0-9-]+)?\.amazonaws\.com(\.cn)?"
# Services that channels of the kind `apprise` may use.
APPRISE_SCHEMES = env_choices("APPRISE_SCHEMES", plugins.APPRISE_KNOWN)
# Who may read /metrics without a key.
METRICS_ALLOW = env_networks("METRICS_ALLOW", ("127.0.0.0/8", "::1/128"))

# --- what remediations may do at most; see docs/remediation.md -------------------------------
REMEDIATE_ACCOUNTS = env_list("REMEDIATE_ACCOUNTS")
REMEDIATE_REGIONS = env_list("REMEDIATE_REGIONS")
# Roles to assume, one for each account that is not the portal's own, as ARNs.
REMEDIATE_ROLES = env_list("REMEDIATE_ROLES")
REMEDIATE_LIMITS = {
    "cooldown_minutes": env_int("REMEDIATE_COOLDOWN_MINUTES", 5, least=1),
    "per_rule": env_int("REMEDIATE_MOST_PER_RULE", 10, least=1),
    "fleet": env_int("REMEDIATE_MOST_PER_FLEET", 5, least=1),
    "percent": env_int("REMEDIATE_MOST_PERCENT", 10, least=1),
}
# In percent: a rule whose remediations help less often is suspended.
REMEDIATE_SUCCESS_FLOOR = env_int("REMEDIATE_SUCCESS_FLOOR", 50)

# --- API -------------------------------------------------------------------------------------
REST_FRAMEWORK = rest.FRAMEWORK
SPECTACULAR_SETTINGS = rest.SCHEMA

# --- text, time, files, logs -----------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "opsportal.formats"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logging_settings(env_str("LOG_LEVEL", "INFO"), env_str("LOG_FORMAT", "json"))

# --- the face ---------------------------------------------------------------------------------
NAVIGATION = face.NAVIGATION
UNFOLD = face.THEME

"""Every setting, read from the environment; docs/operations.md lists the names."""

from __future__ import annotations

import logging
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from arcadia import databases, environment
from coach.documents.profile import DEFAULT_MEMORY_INDEX_ID

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --- safety ---------------------------------------------------------------------------------------

DEBUG = environment.flag("ARCADIA_DEBUG", default=False)
SECRET_KEY = environment.text("ARCADIA_SECRET_KEY", "for-development-only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "ARCADIA_SECRET_KEY must be set to a long random text, for example the output of "
        "`python -c 'import secrets; print(secrets.token_urlsafe(50))'` (or set ARCADIA_DEBUG=1 on your own machine)."
    )
# Keys the digests of erased usernames; with another key a later import no longer recognises them.
ERASURE_KEY = environment.text("ARCADIA_ERASURE_KEY", SECRET_KEY)
ALLOWED_HOSTS = environment.words("ARCADIA_ALLOWED_HOSTS") or (
    ["*"] if DEBUG else ["127.0.0.1", "localhost", "[::1]"]
)
DEBUG_ENDPOINTS = environment.flag("ARCADIA_DEBUG_ENDPOINTS", default=DEBUG)
# Tokens that the environment lists, name → sha256; those in the database are made by `manage.py api_tokens`.
API_TOKENS = environment.secrets("ARCADIA_API_TOKENS")
# Existing clients send none.
REQUIRE_API_TOKEN = environment.flag("ARCADIA_REQUIRE_API_TOKEN", default=False)
# How many proxies stand in front of the service, each of which appends to X-Forwarded-For.
PROXIES = environment.number("ARCADIA_PROXIES", default=0, least=0, most=10)
if PROXIES:
    # The one line for a proxy that ends TLS; it must set the header itself, and drop a client's.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Requests of one client and the seconds they are spread over; off on a developer's machine.
THROTTLES = {
    "uploads": environment.rate("ARCADIA_THROTTLE_UPLOADS", default="off" if DEBUG else "600/minute"),
    "submissions": environment.rate("ARCADIA_THROTTLE_SUBMISSIONS", default="off" if DEBUG else "600/minute"),
    # Failed attempts to sign in, of one address; a tenth of them for one account.
    "login": environment.rate("ARCADIA_THROTTLE_LOGIN", default="off" if DEBUG else "100/hour"),
}
# The banner on staff pages that tells one deployment from another; without a name there is none.
ENVIRONMENT_NAME = environment.text("ARCADIA_ENVIRONMENT_NAME", "development" if DEBUG else "")
ENVIRONMENT_COLOUR = environment.choice(
    "ARCADIA_ENVIRONMENT_COLOUR",
    allowed=("blue", "green", "amber", "red", "violet", "grey"),
    default="green" if DEBUG else "blue",
)

# --- application ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "coach.apps.StaffDoorConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "django_q",
    "coach",
]

MIDDLEWARE = [
    # Outermost: whatever happens further in has the request's id in its log lines, and is counted.
    "coach.logs.Requests",
    # Errors and redirects carry the origin header too.
    "coach.api.http.cors.Cors",
    "coach.api.http.cross_site.Writes",
    "coach.api.http.delivery.Delivery",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "coach.admin.access.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "coach.admin.access.middleware.Authentication",
    "coach.admin.access.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "coach.admin.access.security.StaffPages",
    # Innermost: what is inside of it, the template included, reads where it says.
    "coach.admin.access.middleware.Replica",
]

ROOT_URLCONF = "arcadia.urls"
WSGI_APPLICATION = "arcadia.wsgi.application"
# The contract's routes have no trailing slash; RedirectExtraSlash answers those that do.
APPEND_SLASH = False

# Widgets too take the templates of ours first.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before those of the apps: ours replace some of the stock admin's.
        "DIRS": [BASE_DIR / "coach" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"staff": "coach.admin.presentation.tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- data -----------------------------------------------------------------------------------------

DATABASES = databases.from_environment(default_file=BASE_DIR / "var" / "arcadia.sqlite3")
DATABASE_POOLER = databases.pooler()
# Past a pooler, for what changes the schema or compares it.
DIRECT_DATABASE = "direct" if "direct" in DATABASES else "default"
# `migrate_when_ready` waits for the database this long, and asks this often; seconds.
DB_MIGRATION_TIMEOUT = environment.number(
    "ARCADIA_DB_MIGRATION_TIMEOUT", default=60, least=0, most=3600, whole=False
)
DB_MIGRATION_POLL_INTERVAL = environment.number(
    "ARCADIA_DB_MIGRATION_POLL_INTERVAL", default=3, least=0.1, most=600, whole=False
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The import decodes common records by a faster way; off, everything is decoded by the reference codec.
FAST_CODEC = environment.flag("ARCADIA_FAST_CODEC", default=True)
LEGACY_DATA_DIR = environment.path("ARCADIA_LEGACY_DATA_DIR", BASE_DIR / "fixtures" / "legacy")
ATTACHMENTS_DIR = environment.path("ARCADIA_ATTACHMENTS_DIR", BASE_DIR / "var" / "attachments")
STAGING_DIR = environment.path("ARCADIA_STAGING_DIR", BASE_DIR / "var" / "staging")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "attachments": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": ATTACHMENTS_DIR, "base_url": None},
    },
    # Uploads that wait for their confirmation: private, and shared by all web servers.
    "staging": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": STAGING_DIR,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if environment.choice("ARCADIA_ATTACHMENTS_STORAGE", allowed=("folder", "s3"), default="folder") == "s3":
    # Several machines share a bucket in place of folders; needs requirements/s3.txt.
    STORAGES["attachments"] = environment.object_storage("attachments")
    STORAGES["staging"] = environment.object_storage("staging")

# --- HTTP -----------------------------------------------------------------------------------------

# Any origin with DEBUG, as existing clients were used to; otherwise the named ones.
CORS_ALLOWED_ORIGINS = [origin for origin in environment.words("ARCADIA_CORS_ORIGINS") if origin != "*"]
CORS_ALLOW_ALL_ORIGINS = "*" in environment.words("ARCADIA_CORS_ORIGINS") or (
    DEBUG and not CORS_ALLOWED_ORIGINS
)
# Any origin for reading does not mean any for writing, unless that was asked for.
ANY_ORIGIN_WRITES = "*" in environment.words("ARCADIA_CORS_ORIGINS")
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_PREFLIGHT_MAX_AGE = 600
CORS_EXPOSE_HEADERS = [
    "Error-Code",
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Total-Count",
]
CORS_URLS_REGEX = r"^/(?!admin/|static/).*$"

# Bodies of requests, in bytes; uploads are streamed and have a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
UPLOAD_MAX_BYTES = 25 * 1024 * 1024
# What the import screens take, packed or unpacked.
IMPORT_MAX_BYTES = 64 * 1024 * 1024
# Imports of more bytes, and exports of more rows, are for the worker (`manage.py qcluster`).
BACKGROUND_IMPORT_BYTES = 5 * 1024 * 1024
BACKGROUND_EXPORT_ROWS = 200
# The worker's queue is a table. A task whose claim nobody renewed for so long was left by a dead worker, and is given out
# again; seconds. `coach.services.operations.jobs` renews claims, and lets each task take as long as it takes.
_CLAIM = environment.number("ARCADIA_WORKER_CLAIM_SECONDS", default=30, least=2, most=3600)
Q_CLUSTER = {
    "name": "arcadia",
    "orm": "default",
    "workers": 2,
    "bulk": 1,
    "poll": 0.5,
    "retry": _CLAIM,
    # Not used: the library wants one that is no longer than `retry`.
    "timeout": _CLAIM,
    # No result of a task is kept; each task has a process of its own.
    "save_limit": -1,
    "recycle": 1,
    "scheduler": False,
}
# How long rows and files are kept that `manage.py maintain` removes; days.
RETENTION_DAYS = {
    name: environment.number(
        f"ARCADIA_{name.upper()}_RETENTION_DAYS", default=days, least=1, most=36500, whole=False
    )
    for name, days in {
        "audit": 730,
        "chat": 400,
        "finding": 400,
        "session": 30,
        "throttle": 2,
        "staging": 1,
        "orphan": 1,
    }.items()
}
# How long what a change replaced is kept, so that staff can put it back; days.
VERSION_RETENTION_DAYS = environment.number(
    "ARCADIA_VERSION_RETENTION_DAYS", default=400, least=1, most=36500
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["coach.api.http.tokens.Bearer"],
    "DEFAULT_PERMISSION_CLASSES": ["coach.api.http.tokens.MayCall"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "coach.api.http.rendering.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "coach.api.http.errors.answer",
    "UNAUTHENTICATED_USER": None,
    # Of X-Forwarded-For only what our own proxies appended is believed.
    "NUM_PROXIES": PROXIES,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Arcadia Coach",
    "DESCRIPTION": "The backend of a coding mentor for learners with long-term goals.",
    "VERSION": VERSION,
    "CONTACT": {"name": "The maintainers of Arcadia Coach"},
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Not the default hook for enumerations: their words are the contract's, and stay where they are used.
    "POSTPROCESSING_HOOKS": ["coach.api.description.completing.complete"],
}

# --- people, words and times ----------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
# On a developer's machine straight from the packages, without `collectstatic`.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

if not DEBUG:
    SECURE_SSL_REDIRECT = environment.flag("ARCADIA_SECURE_SSL_REDIRECT", default=True)
    # Staff pages only: clients of the API were used to plain HTTP on their own machine, and do not follow.
    SECURE_REDIRECT_EXEMPT = [r"^(?!admin)"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# --- log ------------------------------------------------------------------------------------------

_LOG_FORMATS: dict[str, dict[str, object]] = {
    "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    "json": {"()": "coach.logs.JSONLines"},
}
_LOG_FORMAT = environment.choice(
    "ARCADIA_LOG_FORMAT", allowed=("json", "text"), default="text" if DEBUG else "json"
)
# Every line of the log is one JSON object, Python's warnings included.
logging.captureWarnings(_LOG_FORMAT == "json")
DATABASE_ECHO = environment.flag("ARCADIA_DATABASE_ECHO", default=False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"console": _LOG_FORMATS[_LOG_FORMAT]},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "console"}},
    "root": {
        "handlers": ["console"],
        "level": environment.choice(
            "ARCADIA_LOG_LEVEL", allowed=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
        ),
    },
    "loggers": {
        "django.db.backends": {"level": "DEBUG" if DATABASE_ECHO else "INFO"},
        # Django's own handlers would print everything a second time, and say what the line of the request says.
        "django": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
        "django-q": {"level": "WARNING"},
        # It reports each connection that is handed out.
        "psycopg.pool": {"level": "WARNING"},
        # At DEBUG it spells out every request to the language model, learners' words and all.
        "openai": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
    },
}

# --- language model -------------------------------------------------------------------------------

# `model` needs a key, and without one there is no coach; `offline` answers by rule and never asks.
AGENT = environment.choice("ARCADIA_AGENT", allowed=("model", "offline"), default="model")
OPENAI_API_KEY = environment.text("OPENAI_API_KEY")
OPENAI_BASE_URL = environment.text("OPENAI_BASE_URL") or None
AGENT_MODEL = environment.text("ARCADIA_AGENT_MODEL", "gpt-5")
AGENT_REASONING = environment.choice(
    "ARCADIA_AGENT_REASONING", allowed=("minimal", "low", "medium", "high"), default="medium"
)
# Whether the model may read and change any learner where a request names none, as existing clients were used to.
AGENT_ANY_LEARNER = environment.flag("ARCADIA_AGENT_ANY_LEARNER", default=DEBUG)
AGENT_ENABLE_WEB = environment.flag("ARCADIA_AGENT_ENABLE_WEB", default=False)
AGENT_TIMEZONE = environment.text("ARCADIA_AGENT_TIMEZONE")
# Seconds that one answer may take, all its rounds together.
AGENT_TIMEOUT = environment.number("ARCADIA_AGENT_TIMEOUT", default=300, least=1, most=3600, whole=False)
# How often a failure that may pass (429, 5xx, no connection) is tried again.
AGENT_RETRIES = environment.number("ARCADIA_AGENT_RETRIES", default=2, least=0, most=10)
# Answers of the model that one process waits for at once; the threads beyond them stay free for everything else.
AGENT_CALLS = environment.number("ARCADIA_AGENT_CALLS", default=32, least=1, most=1000)
# The vector store that memory notes are uploaded to and that the model searches.
AGENT_VECTOR_STORE = environment.text("ARCADIA_AGENT_VECTOR_STORE", DEFAULT_MEMORY_INDEX_ID)
MCP_URL = environment.text("ARCADIA_MCP_URL", "http://127.0.0.1:8001/mcp")
MCP_LABEL = environment.text("ARCADIA_MCP_LABEL", "Arcadia_Coach_Widgets")
MCP_REQUIRE_APPROVAL = environment.choice(
    "ARCADIA_MCP_REQUIRE_APPROVAL", allowed=("never", "always"), default="never"
)

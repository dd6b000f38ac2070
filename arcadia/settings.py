"""Every setting, read from the environment; docs/operations.md lists the names."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from arcadia import environment

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
ALLOWED_HOSTS = environment.words("ARCADIA_ALLOWED_HOSTS") or (
    ["*"] if DEBUG else ["127.0.0.1", "localhost", "[::1]"]
)
DEBUG_ENDPOINTS = environment.flag("ARCADIA_DEBUG_ENDPOINTS", default=DEBUG)
# The banner on staff pages that tells one deployment from another; without a name there is none.
ENVIRONMENT_NAME = environment.text("ARCADIA_ENVIRONMENT_NAME", "development" if DEBUG else "")
ENVIRONMENT_COLOUR = environment.choice(
    "ARCADIA_ENVIRONMENT_COLOUR",
    allowed=("blue", "green", "amber", "red", "violet", "grey"),
    default="green" if DEBUG else "blue",
)

# --- application ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "coach",
]

MIDDLEWARE = [
    # Outermost: errors and redirects carry the origin header too.
    "coach.api.cors.Cors",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "coach.admin.security.StaffPages",
]

ROOT_URLCONF = "arcadia.urls"
WSGI_APPLICATION = "arcadia.wsgi.application"
# The contract's routes have no trailing slash; RedirectExtraSlash answers those that do.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before those of the apps: ours replace some of the stock admin's.
        "DIRS": [BASE_DIR / "coach" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"staff": "coach.admin.tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- data -----------------------------------------------------------------------------------------

DATABASES = {
    "default": environment.database(
        "ARCADIA_DATABASE_URL",
        default_file=BASE_DIR / "var" / "arcadia.sqlite3",
        pool_size=environment.number("ARCADIA_DATABASE_POOL_SIZE", default=10, least=0, most=1000),
        max_overflow=environment.number("ARCADIA_DATABASE_MAX_OVERFLOW", default=10, least=0, most=1000),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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

# --- HTTP -----------------------------------------------------------------------------------------

# Any origin with DEBUG, as existing clients were used to; otherwise the named ones.
CORS_ALLOWED_ORIGINS = [origin for origin in environment.words("ARCADIA_CORS_ORIGINS") if origin != "*"]
CORS_ALLOW_ALL_ORIGINS = "*" in environment.words("ARCADIA_CORS_ORIGINS") or (
    DEBUG and not CORS_ALLOWED_ORIGINS
)
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_PREFLIGHT_MAX_AGE = 600
CORS_URLS_REGEX = r"^/(?!admin/|static/).*$"

# Bodies of requests, in bytes; uploads are streamed and have a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
UPLOAD_MAX_BYTES = 25 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["coach.api.rendering.DocumentRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "coach.api.rendering.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "coach.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Arcadia Coach",
    "DESCRIPTION": "The backend of a coding mentor for learners with long-term goals.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": False,
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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.db.backends": {
            "level": "DEBUG" if environment.flag("ARCADIA_DATABASE_ECHO", default=False) else "INFO"
        }
    },
}

# --- language model -------------------------------------------------------------------------------

# `model` asks one where a key is set, and nobody without; `offline` answers by rule and never asks.
AGENT = environment.choice("ARCADIA_AGENT", allowed=("model", "offline"), default="model")
OPENAI_API_KEY = environment.text("OPENAI_API_KEY")
OPENAI_BASE_URL = environment.text("OPENAI_BASE_URL") or None
AGENT_MODEL = environment.text("ARCADIA_AGENT_MODEL", "gpt-5")
AGENT_REASONING = environment.choice(
    "ARCADIA_AGENT_REASONING", allowed=("minimal", "low", "medium", "high"), default="medium"
)
AGENT_ENABLE_WEB = environment.flag("ARCADIA_AGENT_ENABLE_WEB", default=False)
AGENT_TIMEZONE = environment.text("ARCADIA_AGENT_TIMEZONE")
# Seconds that one answer may take, all its rounds together.
AGENT_TIMEOUT = environment.number("ARCADIA_AGENT_TIMEOUT", default=300, least=1, most=3600, whole=False)
# The vector store that memory notes are uploaded to and that the model searches.
AGENT_VECTOR_STORE = environment.text("ARCADIA_AGENT_VECTOR_STORE", "vs_68e81d741f388191acdaabce2f92b7d5")
MCP_URL = environment.text("ARCADIA_MCP_URL", "http://127.0.0.1:8001/mcp")
MCP_LABEL = environment.text("ARCADIA_MCP_LABEL", "Arcadia_Coach_Widgets")
MCP_REQUIRE_APPROVAL = environment.choice(
    "ARCADIA_MCP_REQUIRE_APPROVAL", allowed=("never", "always"), default="never"
)

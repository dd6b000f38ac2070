"""Every setting; settings.toml has the plain ones, fixed or of the environment, and docs/operations.md lists the variables."""

import logging
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from arcadia import databases, environment
from coach.documents import authored
from coach.documents.profile import DEFAULT_MEMORY_INDEX_ID

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"
DEBUG = environment.flag("ARCADIA_DEBUG", default=False)

_FILE = authored.beside(__file__)
_FIXED: dict[str, Any] = _FILE["fixed"]
_CHOSEN = environment.table(_FILE["variables"], debug=DEBUG)
globals().update(_FIXED | _CHOSEN)

# --- safety ---------------------------------------------------------------------------------------

SECRET_KEY = environment.text("ARCADIA_SECRET_KEY", "for-development-only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "ARCADIA_SECRET_KEY must be set to a long random text, for example the output of "
        "`python -c 'import secrets; print(secrets.token_urlsafe(50))'` (or set ARCADIA_DEBUG=1 on your own machine)."
    )
# Keys the digests of erased usernames; with another key a later import no longer recognises them.
ERASURE_KEY = environment.text("ARCADIA_ERASURE_KEY", SECRET_KEY)
_HOSTS = environment.words("ARCADIA_ALLOWED_HOSTS")
# The machine itself too: the checks of an image's health ask it, and whatever scrapes its metrics.
ALLOWED_HOSTS = ["*"] if DEBUG and not _HOSTS else [*_HOSTS, "127.0.0.1", "localhost", "[::1]"]
# Tokens that the environment lists, name → sha256; those in the database are made by `manage.py api_tokens`.
API_TOKENS = environment.secrets("ARCADIA_API_TOKENS")
if _CHOSEN["PROXIES"]:
    # The one line for a proxy that ends TLS; it must set the header itself, and drop a client's.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
THROTTLES = environment.table(_FILE["throttles"], debug=DEBUG)

# --- application ----------------------------------------------------------------------------------

# Before those of the apps: ours replace some of the stock admin's.
TEMPLATES = _FIXED["TEMPLATES"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "coach" / "templates"]

# --- data -----------------------------------------------------------------------------------------

DATABASES = databases.from_environment(default_file=BASE_DIR / "var" / "arcadia.sqlite3")
DATABASE_POOLER = databases.pooler()
# Past a pooler, for what changes the schema or compares it.
DIRECT_DATABASE = "direct" if "direct" in DATABASES else "default"
LEGACY_DATA_DIR = environment.path("ARCADIA_LEGACY_DATA_DIR", BASE_DIR / "fixtures" / "legacy")
ATTACHMENTS_DIR = environment.path("ARCADIA_ATTACHMENTS_DIR", BASE_DIR / "var" / "attachments")
STAGING_DIR = environment.path("ARCADIA_STAGING_DIR", BASE_DIR / "var" / "staging")

STORAGES = _FIXED["STORAGES"]
STORAGES["attachments"]["OPTIONS"]["location"] = ATTACHMENTS_DIR
STORAGES["attachments"]["OPTIONS"]["base_url"] = None
STORAGES["staging"]["OPTIONS"]["location"] = STAGING_DIR
STORAGES["staging"]["OPTIONS"]["base_url"] = None
if DEBUG:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
if environment.choice("ARCADIA_ATTACHMENTS_STORAGE", allowed=("folder", "s3"), default="folder") == "s3":
    # Several machines share a bucket in place of folders; needs requirements/s3.txt.
    STORAGES["attachments"] = environment.object_storage("attachments")
    STORAGES["staging"] = environment.object_storage("staging")

# --- the worker -----------------------------------------------------------------------------------

Q_CLUSTER = _FIXED["Q_CLUSTER"]
# `coach.services.operations.jobs` lets each task take as long as it takes; the library wants a `timeout` up to `retry`.
Q_CLUSTER["retry"] = Q_CLUSTER["timeout"] = _CHOSEN["WORKER_CLAIM_SECONDS"]

# --- HTTP -----------------------------------------------------------------------------------------

# Any origin with DEBUG, as existing clients were used to; otherwise the named ones.
CORS_ALLOWED_ORIGINS = [origin for origin in environment.words("ARCADIA_CORS_ORIGINS") if origin != "*"]
CORS_ALLOW_ALL_ORIGINS = "*" in environment.words("ARCADIA_CORS_ORIGINS") or (
    DEBUG and not CORS_ALLOWED_ORIGINS
)
# Any origin for reading does not mean any for writing, unless that was asked for.
ANY_ORIGIN_WRITES = "*" in environment.words("ARCADIA_CORS_ORIGINS")
RETENTION_DAYS = {
    name: environment.number(
        f"ARCADIA_{name.upper()}_RETENTION_DAYS", default=days, least=1, most=36500, whole=False
    )
    for name, days in _FILE["retention_days"].items()
}
# Of X-Forwarded-For only what our own proxies appended is believed.
REST_FRAMEWORK = _FIXED["REST_FRAMEWORK"] | {"UNAUTHENTICATED_USER": None, "NUM_PROXIES": _CHOSEN["PROXIES"]}
SPECTACULAR_SETTINGS = _FIXED["SPECTACULAR_SETTINGS"] | {"VERSION": VERSION}

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
# Every line of the log is one JSON object, Python's warnings included.
logging.captureWarnings(_CHOSEN["LOG_FORMAT"] == "json")
LOGGING = _FIXED["LOGGING"]
LOGGING["formatters"] = {"console": _LOG_FORMATS[_CHOSEN["LOG_FORMAT"]]}
LOGGING["root"]["level"] = _CHOSEN["LOG_LEVEL"]
LOGGING["loggers"]["django.db.backends"] = {"level": "DEBUG" if _CHOSEN["DATABASE_ECHO"] else "INFO"}

# --- language model -------------------------------------------------------------------------------

OPENAI_BASE_URL = environment.text("OPENAI_BASE_URL") or None
# The vector store that memory notes are uploaded to and that the model searches.
AGENT_VECTOR_STORE = environment.text("ARCADIA_AGENT_VECTOR_STORE", DEFAULT_MEMORY_INDEX_ID)

"""Django's settings, all from the environment; docs/settings.md lists each one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url

from portal import embedded

ROOT = Path(__file__).resolve().parent.parent


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def _secret_key(home: Path) -> str:
    """SECRET_KEY, or one made once and kept under the home, readable by its owner alone."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"secret_key.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_urlsafe(50), encoding="ascii")
        try:
            os.link(aside, path)  # the first of several processes wins; the others read its key
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text(encoding="ascii")


CROSSPORT_HOME = Path(os.environ.get("CROSSPORT_HOME", ROOT / "var")).resolve()
STORAGE_URL = os.environ.get("STORAGE_URL", (CROSSPORT_HOME / "storage").as_uri())
ENVIRONMENTS_FOLDER = Path(
    os.environ.get("CROSSPORT_ENVIRONMENTS", CROSSPORT_HOME / "environments")
).resolve()
# So many bundles' Java is run in one JVM before another takes its place; 1: a JVM each.
JVM_CHECKS = int(os.environ.get("CROSSPORT_JVM_CHECKS", "100"))
REDIS_URL = os.environ.get("REDIS_URL", "")
OPEN_READING = _flag("CROSSPORT_OPEN_READING", True)
# A build that asks the Maven repository for what nobody has exported starts the export.
MAVEN_MAKES = _flag("CROSSPORT_MAVEN_MAKES", False)
SYNC_SECONDS = int(os.environ.get("CROSSPORT_SYNC_SECONDS", "60"))
READ_MB = int(os.environ.get("CROSSPORT_READ_MB", "300"))
PMML_ENABLED = _flag("CROSSPORT_PMML", True)
PUBLIC_URL = os.environ.get("CROSSPORT_PUBLIC_URL", "")

SECRET_KEY = _secret_key(CROSSPORT_HOME)
DEBUG = _flag("DEBUG", False)
ALLOWED_HOSTS = _words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "registry",
    "workers",
    "portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.security.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.security.ClosedReading",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASE_URL = os.environ.get("DATABASE_URL") or embedded.database_url(CROSSPORT_HOME)
DATABASES = {
    "default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "portal.accounts.forms.SignIn"}
ACCOUNT_SIGNUP_OPEN = _flag("CROSSPORT_SIGNUP", False)
# Failed logins are counted by address: behind a proxy all come from one, unless it is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("CROSSPORT_PROXIES", "0"))
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", CROSSPORT_HOME / "static"))
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.ReadOpenWriteSignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.NewestFirst",
    "EXCEPTION_HANDLER": "portal.api.problems.handle",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Crossport",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "What the mirror holds, what it can become, exports and their bundles.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "JobState": "workers.models.JobState",
        "ReadingState": "workers.models.ReadingState",
        "StepState": "workers.models.StepState",
        "SyncState": "registry.models.SyncState",
    },
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("CROSSPORT_HTTPS", False)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _flag("CROSSPORT_HTTPS", False) else None
)
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

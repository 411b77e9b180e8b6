"""What the environment says, read once and in one place. Every variable is listed in the README."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent.parent

SQLITE_OPTIONS = {
    # A deferred transaction that turns into a write fails at once under load, whatever the timeout.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: an approval or an intent to submit that was acknowledged survives a power loss.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA recursive_triggers=ON; PRAGMA journal_size_limit=67108864;"
    ),
}


def retention() -> dict[str, int | None]:
    """For each class of data, how many days its bytes are kept after their last use; None without an end."""
    days: dict[str, int | None] = {"public": None, "internal": 730, "sensitive": 365, "restricted": 180}
    for part in listed("HYBRIDOPS_RETENTION", ""):
        name, _, told = part.partition("=")
        if name not in days or not (told == "forever" or told.isdecimal()):
            raise ImproperlyConfigured("HYBRIDOPS_RETENTION is a list such as internal=730,public=forever.")
        days[name] = None if told == "forever" else int(told)
    return days


def outbox_days() -> int:
    """How long what was told to webhooks and brokers can be sent again."""
    told = os.environ.get("HYBRIDOPS_OUTBOX_DAYS") or "30"
    if not told.isdecimal() or not int(told):
        raise ImproperlyConfigured("HYBRIDOPS_OUTBOX_DAYS is a whole number of days, at least 1.")
    return int(told)


def artifacts(folder: Path) -> dict[str, Any]:
    """Where the bytes of runs lie: a folder, or an S3 bucket by HYBRIDOPS_ARTIFACTS=s3://bucket/prefix.

    Credentials are those that boto3 finds by itself; HYBRIDOPS_S3_ENDPOINT names a store that is not Amazon's. A
    call is tried again within a minute; a store that is away for longer holds the runs that need it.
    """
    told = os.environ.get("HYBRIDOPS_ARTIFACTS", "")
    if not told:
        options = {"location": folder / "artifacts", "file_permissions_mode": 0o600}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    where = urlsplit(told)
    if where.scheme != "s3" or not where.netloc:
        raise ImproperlyConfigured("HYBRIDOPS_ARTIFACTS is an address such as s3://bucket/prefix.")
    try:
        from botocore.config import Config
    except ImportError:
        raise ImproperlyConfigured("HYBRIDOPS_ARTIFACTS needs django-storages[s3]: pip install it.") from None
    retries = {"mode": "standard", "total_max_attempts": 6}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": where.netloc,
            "location": where.path.strip("/"),
            "endpoint_url": os.environ.get("HYBRIDOPS_S3_ENDPOINT") or None,
            "default_acl": None,
            "client_config": Config(retries=retries, connect_timeout=5, read_timeout=30),
        },
    }


def time_zone() -> str:
    """Where the organisation's days and budget periods begin; records are in UTC all the same."""
    name = os.environ.get("HYBRIDOPS_TIME_ZONE") or "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ImproperlyConfigured("HYBRIDOPS_TIME_ZONE is a name such as Europe/Copenhagen.") from error
    return name


def four_eyes_micro() -> int:
    """From how many micro-dollars on a change of a budget, or of a booked bill, needs a second person."""
    told = os.environ.get("HYBRIDOPS_FOUR_EYES_USD") or "1000"
    if not told.isdecimal():
        raise ImproperlyConfigured("HYBRIDOPS_FOUR_EYES_USD is a whole number of dollars.")
    return int(told) * 1_000_000


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def home() -> Path:
    """The data folder, made if need be, open to its owner only."""
    folder = Path(os.environ.get("HYBRIDOPS_HOME") or ROOT / "data").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{folder} cannot be made ({error.strerror}); set HYBRIDOPS_HOME to a folder of yours."
        ) from None
    return folder


def database(url: str, folder: Path) -> dict[str, Any]:
    """Django's settings for `sqlite:///path`, `sqlite://:memory:`, `postgres://user:password@host:port/name`.

    Connections stay from one request, job or round to the next; each begins by asking whether its own is still good.
    """
    return _place(url, folder) | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}


def _place(url: str, folder: Path) -> dict[str, Any]:
    if not url:
        return _sqlite(str(folder / "hybridops.sqlite3"))
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(":memory:" if ":memory:" in url else unquote(parts.path.removeprefix("/")))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must start with sqlite:// or postgres://.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _sqlite(path: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"ENGINE": "hybridops.config.patient_sqlite", "NAME": path}
    if path == ":memory:":
        return settings
    # Tests use a file as well: several processes of one test must see one database.
    file = Path(path)
    return settings | {"OPTIONS": SQLITE_OPTIONS, "TEST": {"NAME": str(file.with_name(f"test-{file.name}"))}}


def single_sign_on() -> dict[str, Any]:
    """allauth's settings for the one OpenID Connect issuer; empty where none is set."""
    issuer = os.environ.get("HYBRIDOPS_OIDC_ISSUER", "")
    if not issuer:
        return {}
    client, secret = (
        os.environ.get("HYBRIDOPS_OIDC_CLIENT_ID"),
        os.environ.get("HYBRIDOPS_OIDC_CLIENT_SECRET_FILE"),
    )
    if not client or not secret:
        raise ImproperlyConfigured(
            "HYBRIDOPS_OIDC_ISSUER needs _CLIENT_ID and _CLIENT_SECRET_FILE beside it."
        )
    try:
        told = Path(secret).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{secret} cannot be read ({error.strerror}).") from None
    app = {
        "provider_id": "company",
        "name": os.environ.get("HYBRIDOPS_OIDC_NAME") or "your organisation",
        "client_id": client,
        "secret": told,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}


def origin_of(url: str) -> list[str]:
    """A form that leads there by a redirect must be allowed to; nothing where there is no address."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if url else []


def site() -> str:
    """The address that links in mails begin with, without a slash at its end."""
    origins = listed("HYBRIDOPS_ORIGINS", "http://localhost:8000")
    return (os.environ.get("HYBRIDOPS_SITE") or origins[0]).rstrip("/")


def mailer(folder: Path) -> dict[str, Any]:
    """Django's mailer: `file` (the default) writes into the data folder, `smtp` sends, `console` and `locmem` test."""
    kind = os.environ.get("HYBRIDOPS_MAIL") or "file"
    options: dict[str, Any] = {}
    if kind == "file":
        options = {"file_path": str(folder / "mail")}
    elif kind == "smtp":
        options = {
            "host": os.environ.get("HYBRIDOPS_SMTP_HOST") or "localhost",
            "port": int(os.environ.get("HYBRIDOPS_SMTP_PORT") or 25),
            "use_tls": flag("HYBRIDOPS_SMTP_TLS"),
            "timeout": 10,
        }
        if user := os.environ.get("HYBRIDOPS_SMTP_USER"):
            options |= {"username": user, "password": _secret_file("HYBRIDOPS_SMTP_PASSWORD_FILE")}
    elif kind not in ("console", "locmem"):
        raise ImproperlyConfigured("HYBRIDOPS_MAIL is file, smtp, console or locmem.")
    backend = {"file": "filebased"}.get(kind, kind)
    return {"BACKEND": f"django.core.mail.backends.{backend}.EmailBackend", "OPTIONS": options}


def _secret_file(name: str) -> str:
    """A secret that stands in a file: environment variables are seen by too many."""
    try:
        return Path(os.environ.get(name, "")).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name} must name a file that can be read ({error.strerror}).") from None


def secret_key(folder: Path) -> str:
    """The given key, else one made at the first start and kept where only the owner reads it."""
    given = os.environ.get("HYBRIDOPS_SECRET_KEY")
    if given:
        return given
    path = folder / "keys" / "django-secret"
    try:
        if not path.exists():
            _make_key(path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be used ({error.strerror}); set HYBRIDOPS_HOME to a folder of yours, "
            "or HYBRIDOPS_SECRET_KEY."
        ) from None


def _make_key(path: Path) -> None:
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=folder)  # readable by its owner only
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)  # never replaces: of two first starts, one key wins
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()

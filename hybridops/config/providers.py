"""Which providers this installation has: built-in ones by name, vendors' from a TOML file, and where secrets are.

The file has one table for each provider. `kind` says which adapter, `on = false` leaves it out, everything else
are the adapter's own options; the engine checks them when it makes the adapter.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from hybridops.domain.errors import BadInput
from hybridops.domain.shares import rules

type Configured = dict[str, tuple[str, dict[str, Any]]]

VENDORS: Mapping[str, str] = {
    "ibm": "hybridops.providers.ibm:IBM",
    "braket": "hybridops.providers.braket:Braket",
    "ionq": "hybridops.providers.ionq:IonQ",
    "dwave": "hybridops.providers.dwave:DWave",
}
_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")


def providers(names: Sequence[str], file: str, home: Path) -> Configured:
    """Key → ("module:Class", options); raises ImproperlyConfigured for what is not known."""
    simulator = {"folder": home / "simulator"}
    built_in: Configured = {
        "local": ("hybridops.providers.local:LocalSimulator", simulator),
        "flaky": ("hybridops.providers.flaky:FlakySimulator", simulator),  # fails on purpose
    }
    if unknown := [name for name in names if name not in built_in]:
        raise ImproperlyConfigured(
            f"HYBRIDOPS_PROVIDERS names {', '.join(unknown)}; it knows {', '.join(built_in)}. Vendors are listed "
            "in HYBRIDOPS_PROVIDERS_FILE."
        )
    vendors = _vendors(file, home) if file else {}
    if both := set(names) & set(vendors):
        raise ImproperlyConfigured(f"{file} calls a provider {', '.join(both)}; give it another name.")
    return {name: built_in[name] for name in names} | vendors


def _vendors(file: str, home: Path) -> Configured:
    tables = _tables(file)
    return {key: _vendor(file, key, table, home) for key, table in tables.items() if _is_on(file, key, table)}


def _tables(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text())
    except OSError as problem:
        raise ImproperlyConfigured(f"{file} cannot be read ({problem.strerror}).") from None
    except tomllib.TOMLDecodeError as problem:
        raise ImproperlyConfigured(f"{file} is not TOML: {problem}.") from None


def scheduling(file: str) -> dict[str, Any]:
    """The rules of sharing in a TOML file, nothing where none is named; what they mean the domain checks."""
    if not file:
        return {}
    told = _tables(file)
    try:
        rules(told)
    except (BadInput, TypeError, ValueError) as problem:
        raise ImproperlyConfigured(f"{file}: {problem}") from None
    return dict(told)


def _is_on(file: str, key: str, table: object) -> bool:
    if not isinstance(table, Mapping) or not _KEY.fullmatch(key):
        raise ImproperlyConfigured(
            f"{file}: {key} must be a table, named with small letters, digits and hyphens."
        )
    return bool(table.get("on", True))


def _vendor(file: str, key: str, table: Mapping[str, Any], home: Path) -> tuple[str, dict[str, Any]]:
    kind = table.get("kind", key)
    if kind not in VENDORS:
        raise ImproperlyConfigured(f"{file}: {key} is of kind {kind}; known are {', '.join(VENDORS)}.")
    options = {name: value for name, value in table.items() if name not in ("kind", "on")}
    if kind in ("dwave", "ibm"):
        options.setdefault("folder", home / "providers" / key)
    return VENDORS[kind], options


def secrets(told: str, home: Path) -> tuple[str, dict[str, Any]]:
    """Where secrets are kept, as "module:Class" and options. `told` is files:FOLDER, environment, or vault:ADDRESS
    with the store's mount as its path; by default the folder `secrets` of the data folder.
    """
    kind, _, rest = (told or f"files:{home / 'secrets'}").partition(":")
    if kind == "files" and rest:
        return "hybridops.providers.secrets:Files", {"folder": rest}
    if kind == "environment" and not rest:
        return "hybridops.providers.secrets:Environment", {}
    if kind == "vault" and urlsplit(rest).netloc:
        return "hybridops.providers.secrets_vault:Vault", _vault(rest)
    raise ImproperlyConfigured(
        "HYBRIDOPS_SECRETS is files:/a/folder, environment, or vault:https://vault.example:8200/mount."
    )


def _vault(address: str) -> dict[str, Any]:
    """How to get in comes from the environment: a token's file, or an AppRole."""
    parts, environ = urlsplit(address), os.environ.get
    options: dict[str, Any] = {
        "address": f"{parts.scheme}://{parts.netloc}",
        "mount": parts.path.strip("/") or "secret",
        "prefix": environ("HYBRIDOPS_VAULT_PREFIX") or "hybridops",
        "token_file": environ("HYBRIDOPS_VAULT_TOKEN_FILE") or None,
        "role_id": environ("HYBRIDOPS_VAULT_ROLE_ID", ""),
        "secret_id_file": environ("HYBRIDOPS_VAULT_SECRET_ID_FILE") or None,
        "ca": environ("HYBRIDOPS_VAULT_CA") or None,
    }
    if (options["token_file"] is None) == (options["secret_id_file"] is None):
        raise ImproperlyConfigured(
            "Vault needs HYBRIDOPS_VAULT_TOKEN_FILE, or HYBRIDOPS_VAULT_ROLE_ID with HYBRIDOPS_VAULT_SECRET_ID_FILE."
        )
    return options

"""What an adapter needs before it can be asked: its packages, its options, its credential. In words where it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any

from django.conf import settings

from hybridops.domain.errors import BadInput, HybridopsError, ProviderRefused
from hybridops.providers.secrets import Cached, Secrets

# Of an adapter's module: the packages that it imports when it is first asked, and the extra that brings them.
PACKAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "hybridops.providers.ibm": ("ibm", ("qiskit_ibm_runtime",)),
    "hybridops.providers.braket": ("braket", ("boto3",)),
    "hybridops.providers.ionq": ("ionq", ("httpx",)),
    "hybridops.providers.dwave": ("dwave", ("dwave.cloud", "minorminer")),
    "hybridops.providers.secrets_vault": ("vault", ("hvac",)),
}


@cache
def secrets() -> Secrets:
    """Where this installation keeps secrets; raises ProviderRefused where that cannot be asked at all."""
    path, options = settings.SECRETS
    check_packages(path)
    kept: Secrets = load(path)(**options)
    return Cached(kept)


def load(path: str) -> Any:
    """The thing that "module:name" names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def check_packages(path: str) -> None:
    """Raises ProviderRefused of kind "unavailable" where a package is missing: nothing was sent anywhere."""
    extra, names = PACKAGES.get(path.partition(":")[0], ("", ()))
    missing = [name for name in names if not _is_installed(name)]
    if missing:
        todo = f"start with HYBRIDOPS_REQUIREMENTS=vendors, or install the extra {extra}"
        message = f"Not installed: {', '.join(missing)}; {todo}."
        raise ProviderRefused(message, kind="unavailable")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:  # the package around it is missing
        return False


def completed(key: str, kind: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the place of secrets for who takes one; raises BadInput for options that it has not."""
    known = signature(kind).parameters
    whole = {**options, "secrets": secrets()} if "secrets" in known else dict(options)
    try:
        signature(kind).bind(key=key, **whole)
    except TypeError as problem:
        raise BadInput(
            f"The provider {key} is configured wrongly: {problem}; docs/providers.md lists the options."
        ) from None
    return whole


def why_not(key: str) -> str:
    """Why a configured provider cannot be asked, as far as that is seen without asking it; or nothing."""
    path, options = settings.PROVIDERS[key]
    try:
        check_packages(path)
        kind = load(path)
        completed(key, kind, options)
        name = signature(kind).parameters.get("secret")
        if name is not None:
            secrets().read(str(options.get("secret", name.default)))
    except HybridopsError as problem:
        return str(problem)
    return ""

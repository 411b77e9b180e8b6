"""hybridops from Python, a notebook or a shell: `from hybridops.client import Client` (`docs/client.md`).

What is named here is loaded when it is used, so that the program can say what it lacks where httpx is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybridops.client.client import Client
    from hybridops.client.errors import BadAnswer, ClientError, NoAnswer, NotSignedIn, Problem
    from hybridops.client.wire import Patience

__all__ = ["BadAnswer", "Client", "ClientError", "NoAnswer", "NotSignedIn", "Patience", "Problem"]
_ELSEWHERE = {"Client": "client", "Patience": "wire"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'errors')}"), name)

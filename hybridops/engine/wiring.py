"""Settings to things: which providers and workflows this installation has. Loaded late: qiskit is slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Provider, Workflow
from hybridops.engine.recording import RecordedProvider, RecordedWorkflow, Records
from hybridops.engine.vendors import check_packages, completed, load

WORKFLOWS: Mapping[str, str] = {
    "routing": "hybridops.workflows.routing:Routing",
    "circuits": "hybridops.workflows.circuits:Circuits",
    "portfolio": "hybridops.workflows.portfolio:Portfolio",
    "maxcut": "hybridops.workflows.maxcut:MaxCut",
    "molecules": "hybridops.workflows.molecules:Molecules",
    "kernels": "hybridops.workflows.kernels:Kernels",
}
SIMULATED = ("local", "flaky")  # providers whose counts follow from program, shots and seed
SOLVERS = ("hybridops.solvers", "hybridops.workflows")


def _path(name: str) -> str:
    paths = {**WORKFLOWS, **settings.EXTRA_WORKFLOWS}
    if name not in paths:
        raise BadInput(f"This installation has no workflow called {name!r}.", field="workflow")
    return paths[name]


@cache
def workflow(name: str) -> Workflow:
    """The code of a problem family; raises BadInput for one that this installation does not have."""
    made: Workflow = load(_path(name))()
    return RecordedWorkflow(made, _records[0], implementation(name)) if _records else made


@cache
def provider(key: str) -> Provider:
    """A provider by its key; raises BadInput for one that is not configured or configured wrongly, and
    ProviderRefused for one whose packages are not installed.
    """
    if key not in settings.PROVIDERS:
        raise BadInput(f"No provider called {key!r} is configured.")
    path, options = settings.PROVIDERS[key]
    check_packages(path)
    kind = load(path)
    made: Provider = kind(key=key, **completed(key, kind, options))
    if not _records:
        return made
    return RecordedProvider(made, _records[0], load("hybridops.providers.runner:compute"))


_records: list[Records] = []


def record_in(folder: Path) -> None:
    """From now on this process computes every input once and plays it back: for the demo's history."""
    _records[:] = [Records(folder)]
    workflow.cache_clear()
    provider.cache_clear()


def providers() -> list[Provider]:
    return [provider(key) for key in settings.PROVIDERS]


def simulation(key: str) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """What computes the counts of a provider whose backends are our own simulators; None for any other."""
    if key not in SIMULATED:
        return None
    made: Callable[[Mapping[str, Any]], dict[str, Any]] = load("hybridops.providers.runner:compute")
    return made


@cache
def implementation(name: str) -> str:
    """The digest of the code a definition binds: the workflow's own module and every solver file.

    Raises BadInput for a problem family that this installation does not have.
    """
    module = _path(name).partition(":")[0]
    packages = SOLVERS if module.startswith("hybridops.workflows") else (module,)
    total = sha256()
    for package in packages:
        found = import_module(package)
        where = Path(found.__file__ or "")
        files = sorted(where.parent.glob("*.py")) if where.name == "__init__.py" else [where]
        for file in files:
            total.update(file.name.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return total.hexdigest()

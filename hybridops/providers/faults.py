"""What can go wrong with a provider, by name, and the marker file that turns one on for every process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hybridops.domain.errors import BadInput

NONE = "none"
FILE = "fault"
# "Once" is for each key: what is sent again under the same key goes through.
FAULTS: Mapping[str, str] = {
    NONE: "Nothing goes wrong.",
    "timeout": "Once, submit hangs for some seconds, takes nothing, and nobody knows that.",
    "hang": "Once, submit does not come back until the worker's deadline ends it; nothing is taken.",
    "error": "Every submit is refused: the backend is down. Nothing is taken.",
    "fails": "The job is taken, runs, and ends as failed without a result or a bill.",
    "partial": "The job completes with three of every five shots, and bills those.",
    "lost": "Once, the job is taken but the answer to submit is lost.",
    "lost-late": "As lost, and a look-up by key finds nothing until the consistency window is over.",
    "twice": "Polls repeat old states, out of order and twice in one answer; the result is there before "
    "the status says so.",
    "drift": "After a compile the backends show a new calibration, with errors a tenth larger.",
    "late-bill": "The job completes, but its usage is not final when it is first asked for.",
    "cancel-late": "A cancel comes too late, always, and the job completes and bills.",
    "garbage": "The first answers to poll and result cannot be read.",
    "unavailable": "Every backend is listed as not available, and submit is refused.",
}


def set_fault(folder: Path | str, name: str) -> None:
    """From now on this fault happens in every process; "none" ends it. Raises BadInput for an unknown one."""
    if name not in FAULTS:
        raise BadInput(f"There is no fault {name!r}; choose from {', '.join(FAULTS)}.")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = place / f"{FILE}.new"
    new.write_text(name)
    new.replace(place / FILE)


def current_fault(folder: Path | str, default: str = NONE) -> str:
    """The fault that happens now: the marker file's, else the default."""
    try:
        name = (Path(folder) / FILE).read_text().strip()
    except OSError:
        return default
    return name if name in FAULTS else default

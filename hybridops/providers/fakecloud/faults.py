"""What goes wrong on this stage: a list of faults, each for one operation, a number of times."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from hybridops.domain.errors import BadInput

# Of one request:
LOST = "lost"  # what was asked is done, and the answer breaks off
THROTTLED = "throttled"  # 429 with Retry-After, nothing done
BROKEN = "broken"  # 500, nothing done
HANG = "hang"  # no answer for so many seconds, then nothing was done
MAINTENANCE = "maintenance"  # the vendor's word for it, nothing done
STALE = "stale"  # the answer is an old one: the job as it was when it was taken
# Of one job, decided when it is taken:
DUPLICATE = "duplicate"  # taken twice, whatever the token
PARTIAL = "partial"  # ends with three of five shots
FAILS = "fails"  # ends as failed, with the vendor's `code`
LATE_CANCEL = "late cancel"  # a cancel comes too late
OF_JOBS = frozenset({DUPLICATE, PARTIAL, FAILS, LATE_CANCEL})
KINDS = frozenset({LOST, THROTTLED, BROKEN, HANG, MAINTENANCE, STALE}) | OF_JOBS


@dataclass(frozen=True, slots=True)
class Fault:
    """`on` is an operation such as "braket.CreateQuantumTask", with `*` for any; `key` a text that the request
    contains; the first `skip` that match go well, the next `times` do not. `seconds` are for Retry-After and hang.
    """

    kind: str
    on: str = "*"
    key: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 1.0
    code: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"There is no fault {self.kind!r}; choose from {', '.join(sorted(KINDS))}.")


class Script:
    """The faults still to come. Safe for threads."""

    def __init__(self) -> None:
        self._lock, self._coming = threading.Lock(), list[Fault]()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._coming.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._coming.clear()

    def next(self, operation: str, asked: str) -> Fault | None:
        """The fault of this request, counted; `asked` is its address and body as text."""
        with self._lock:
            for place, fault in enumerate(self._coming):
                if fault.key not in asked or not fnmatchcase(operation, fault.on):
                    continue
                if fault.skip:
                    self._coming[place] = replace(fault, skip=fault.skip - 1)
                    continue
                self._coming[place : place + 1] = (
                    [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                )
                return fault
        return None

"""Every backend with what decides whether work may be sent there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hybridops.backends.breakers import breakers, reason
from hybridops.backends.caps import caps
from hybridops.backends.history import Health, health, numbers
from hybridops.backends.models import Breaker, Cap
from hybridops.backends.services import known
from hybridops.backends.waiting import waits
from hybridops.definitions.queries import price_book
from hybridops.domain import clock
from hybridops.domain.dispatch import Key
from hybridops.domain.errors import Refused
from hybridops.domain.ports import Backend
from hybridops.domain.pricebook import PriceBook
from hybridops.domain.rules import Rule
from hybridops.domain.states import BreakerState
from hybridops.domain.waits import Waits


class Standing(StrEnum):
    OPEN = "open"
    TRIAL = "trial"
    SHUT = "shut"
    HELD = "held"
    FULL = "full"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """One backend now. `why` says why nothing goes there, `until` until when as far as that is known; `breaker` is
    its own, `of_provider` that of its provider, each None where nothing ever happened.
    """

    pk: int
    backend: Backend
    standing: Standing
    why: str
    until: datetime | None
    breaker: Breaker | None
    of_provider: Breaker | None
    cap: Cap | None
    waits: Waits
    health: Health
    rule: Rule | None

    @property
    def met(self) -> Breaker | None:
        """The breaker that decides: the provider's where that is not closed, else the backend's."""
        rows = (self.of_provider, self.breaker)
        return next((row for row in rows if row and row.state != BreakerState.CLOSED), self.breaker)

    @property
    def wait_s(self) -> float | None:
        return self.backend.wait_seconds

    @property
    def age_s(self) -> float | None:
        """Of its calibration; None where it has none."""
        moment = self.backend.calibrated_at
        return None if moment is None else (clock.now() - moment).total_seconds()

    @property
    def two_qubit_error(self) -> float | None:
        told = self.backend.calibration.get("two_qubit_error")
        return float(told) if isinstance(told, int | float) else None


def places() -> list[Place]:
    """All that was ever seen, by name; a bounded number of questions however many there are."""
    numbered, rows, limits, queues, ends = numbers(), breakers(), caps(), waits(), health()
    book, _ = price_book()
    return [_place(backend, numbered, rows, limits, queues, ends, book) for backend in known()]


def _place(
    backend: Backend,
    numbered: Mapping[Key, int],
    rows: Mapping[Key, Breaker],
    limits: Mapping[Key, Cap],
    queues: Mapping[Key, Waits],
    ends: Mapping[Key, Health],
    book: PriceBook,
) -> Place:
    key, whole = (backend.provider, backend.name), (backend.provider, "")
    cap = limits.get(key) or limits.get(whole)
    standing, why, until = _standing(
        backend, [rows.get(whole), rows.get(key)], [limits.get(whole), limits.get(key)]
    )
    return Place(
        pk=numbered[key],
        backend=backend,
        standing=standing,
        why=why,
        until=until,
        breaker=rows.get(key),
        of_provider=rows.get(whole),
        cap=cap,
        waits=queues.get(key, Waits()),
        health=ends.get(key, Health()),
        rule=_rule(book, backend),
    )


def is_due(row: Breaker) -> bool:
    """Whether it is open and the next job is its trial."""
    return row.state == BreakerState.OPEN and (row.until or 0.0) <= clock.now().timestamp()


def _standing(
    backend: Backend, rows: list[Breaker | None], limits: list[Cap | None]
) -> tuple[Standing, str, datetime | None]:
    """The first thing that keeps work from it: its own word, a person, a breaker, a cap; a trial only after those."""
    if not backend.available:
        return (
            Standing.CLOSED,
            f"{backend.name} says that it is closed, or its provider cannot be asked",
            None,
        )
    met = [row for row in rows if row is not None and row.state != BreakerState.CLOSED]
    for row in met:
        if row.state == BreakerState.HELD:
            return Standing.HELD, reason(row), None
        if row.state == BreakerState.OPEN and not is_due(row):
            return (
                Standing.SHUT,
                reason(row),
                None if row.until is None else datetime.fromtimestamp(row.until, UTC),
            )
    if any(cap is not None and cap.at_once == 0 for cap in limits):
        return Standing.FULL, f"a cap says that {backend.name} takes nothing now", None
    for row in met:
        busy = row.state == BreakerState.HALF_OPEN
        return Standing.TRIAL, reason(row) if busy else f"the next job that goes to {row} is a trial", None
    return Standing.OPEN, "", None


def _rule(book: PriceBook, backend: Backend) -> Rule | None:
    try:
        return book.rule_on(clock.now().date(), backend.provider, backend.name)
    except Refused:
        return None

"""A ledger that fits on a page and knows no database; the real one must agree with it after every operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F

from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.domain.ledger import Unit
from hybridops.quotas import bills, limits, services
from hybridops.quotas.books import differences
from hybridops.quotas.models import Budget, Invoice, InvoiceLine, LedgerEntry, Reservation
from hybridops.quotas.periods import today
from tests.world import World

UNITS = ("micro", "shots", "qpu_ms")
LEVELS = ("organisation", "team", "project", "aster", "kelvin", "experiment")
BACKENDS = ("aster", "kelvin")
LIMITS = {"organisation": 200, "team": 150, "project": 100, "aster": 80, "kelvin": 60, "experiment": 120}
EXPERIMENT = 7


@dataclass
class Account:
    limit: dict[str, int | None]
    pending: dict[str, int] = field(default_factory=lambda: dict.fromkeys(UNITS, 0))
    posted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(UNITS, 0))
    overrun: int = 0
    frozen: bool = False

    def fits(self, asked: dict[str, int]) -> bool:
        return not self.frozen and all(
            not (asked[unit] or unit == "micro")
            or self.limit[unit] is None
            or self.pending[unit] + self.posted[unit] + asked[unit] <= (self.limit[unit] or 0)
            for unit in UNITS
        )


@dataclass
class Promise:
    where: tuple[str, ...]
    asked: dict[str, int]
    experiment: bool
    state: str = "held"
    billed: int | None = None


class Model:
    """Plays an operation on both sides and compares. `fresh` worlds only: it founds six budgets of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = {
            name: Account({"micro": LIMITS[name], "shots": None, "qpu_ms": None}) for name in LEVELS
        }
        self.accounts["team"].limit["shots"] = 30
        self.accounts["aster"].limit["qpu_ms"] = 25
        self.promises: dict[str, Promise] = {}
        Budget.objects.update(starts_on="2020-01-01", ends_on="2020-01-02")  # the world's own does not count
        self.budgets = {name: self._open(name) for name in LEVELS}
        self.invoice = Invoice.objects.create(
            team=world.team, provider="x", number="1", digest="", by=world.farah, imported_at=clock.now()
        )

    def _open(self, name: str) -> int:
        scope: dict[str, Any] = {"team_id": None if name == "organisation" else self.world.team.pk}
        if name in ("project", "experiment"):
            scope["project_id"] = self.world.project.pk
        if name == "experiment":
            scope["experiment_id"] = EXPERIMENT
        account = self.accounts[name]
        return limits.open_budget(
            name=name, actor=SYSTEM, backend=name if name in BACKENDS else "", limit_micro=LIMITS[name],
            limit_shots=account.limit["shots"], limit_qpu_ms=account.limit["qpu_ms"],
            starts_on=today() - timedelta(days=1), ends_on=today() + timedelta(days=1), **scope,
        ).pk  # fmt: skip

    def play(self, what: str, number: int, amount: int, other: int) -> None:
        """One operation; the real ledger must refuse exactly what the model refuses."""
        wanted, real = getattr(self, f"_{what}")(number, amount, other)
        refusal = None
        try:
            real()
        except HybridopsError as problem:
            refusal = problem
        assert (refusal is None) == wanted, f"{what} {number} {amount} {other}: {refusal or 'not refused'}"
        self.compare()

    def compare(self) -> None:
        for name, account in self.accounts.items():
            row = Budget.objects.get(pk=self.budgets[name])
            for unit in UNITS:
                got = (
                    getattr(row, f"pending_{unit}"),
                    getattr(row, f"posted_{unit}"),
                    getattr(row, f"limit_{unit}"),
                )
                wanted = (account.pending[unit], account.posted[unit], account.limit[unit])
                assert got == wanted, f"{name}, {unit}: {got}, not {wanted}"
            assert (row.overrun_micro, row.frozen) == (account.overrun, account.frozen), name
        for key, promise in self.promises.items():
            row = Reservation.objects.get(key=key)
            assert (row.state, row.settled_micro) == (promise.state, promise.billed), key
        assert differences() == []
        total = F("available") + F("pending") + F("posted") + F("overrun") + F("contingency") + F("source")
        assert not LedgerEntry.objects.annotate(total=total).exclude(total=0).exists()

    def _reserve(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        key, backend, mine = f"k{number}", BACKENDS[number % 2], number % 3 == 0
        asked = {"micro": amount, "shots": other, "qpu_ms": (amount + other) // 2 if number % 4 else 0}
        where = ("organisation", "team", "project", backend, *(["experiment"] if mine else []))
        known = self.promises.get(key)
        if known is not None:
            wanted = known.asked == asked
        else:
            wanted = all(self.accounts[name].fits(asked) for name in where)
            if wanted:
                self.promises[key] = Promise(where, asked, mine)
                self._move(where, asked, dict.fromkeys(UNITS, 0))
        return wanted, lambda: services.reserve(
            key=key, run_id=1, what="model", amount_micro=asked["micro"], shots=asked["shots"],
            qpu_ms=asked["qpu_ms"], team_id=self.world.team.pk, project_id=self.world.project.pk,
            experiment_id=EXPERIMENT if mine else None, backend=backend, price_book="b", actor=SYSTEM,
        )  # fmt: skip

    def _move(self, where: tuple[str, ...], pending: dict[str, int], posted: dict[str, int]) -> None:
        for name in where:
            for unit in UNITS:
                self.accounts[name].pending[unit] += pending[unit]
                self.accounts[name].posted[unit] += posted[unit]

    def _end(self, number: int, state: str, billed: int, used: dict[str, int]) -> bool:
        promise = self.promises.get(f"k{number}")
        if promise is None:
            return False
        if promise.state != "held":
            return (promise.state, promise.billed) == (state, billed)
        promise.state, promise.billed = state, billed
        self._move(promise.where, {u: -promise.asked[u] for u in UNITS}, used)
        if over := max(0, billed - promise.asked["micro"]):
            for name in promise.where:
                self.accounts[name].overrun += over
                self.accounts[name].posted["micro"] -= over
                self.accounts[name].frozen = True
        return True

    def _settle(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        used = {"micro": amount, "shots": other, "qpu_ms": amount}
        return self._end(number, "settled", amount, used), lambda: services.settle(
            key=f"k{number}", billed_micro=amount, shots=other, qpu_ms=amount, actor=SYSTEM
        )

    def _release(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        done = self._end(number, "released", 0, dict.fromkeys(UNITS, 0))
        return done, lambda: services.release(key=f"k{number}", why="model", actor=SYSTEM)

    def _expire(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        done = self._end(number, "expired", 0, dict.fromkeys(UNITS, 0))
        return done, lambda: services.expire(key=f"k{number}", why="model", actor=SYSTEM)

    def _limit(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        name = LEVELS[number % len(LEVELS)]
        account, seen = self.accounts[name], self.accounts[name].limit["micro"] or 0
        account.limit["micro"] = amount * 3
        return True, lambda: limits.change_limit(
            budget_id=self.budgets[name], limit_micro=amount * 3, seen_micro=seen, actor=SYSTEM, why="model"
        )

    def _quantity(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        name, unit = LEVELS[number % len(LEVELS)], ("shots", "qpu_ms")[other % 2]
        limit = None if amount > 40 else amount * 3
        self.accounts[name].limit[unit] = limit
        return True, lambda: limits.change_quantity(
            budget_id=self.budgets[name], unit=Unit(unit), limit=limit, actor=SYSTEM, why="model"
        )

    def _clear(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        for account in self.accounts.values():
            account.frozen = False
        return True, lambda: [
            limits.clear_overrun(budget_id=pk, why="model", actor=SYSTEM) for pk in self.budgets.values()
        ]

    def _adjust(self, number: int, amount: int, other: int) -> tuple[bool, Callable[[], object]]:
        """The bill says `amount` where the ledger says something else."""
        promise = self.promises.get(f"k{number}")
        wanted = promise is not None and promise.state == "settled"
        if promise is not None and wanted:
            for name in promise.where:
                self._correct(self.accounts[name], amount - (promise.billed or 0))
            line = self._line(f"k{number}", amount, promise.billed or 0)
            promise.billed = amount
        else:
            line = self._line("", amount, None)
        return wanted, lambda: bills.book_difference(line_id=line.pk, actor=SYSTEM)

    def _line(self, key: str, billed: int, booked: int | None) -> InvoiceLine:
        held = Reservation.objects.filter(key=key).first()
        return InvoiceLine.objects.create(
            invoice=self.invoice, line=InvoiceLine.objects.count() + 1, job=str(uuid4()), currency="USD",
            amount_micro=billed, rate="", billed_micro=billed, reservation=held, booked_micro=booked,
        )  # fmt: skip

    @staticmethod
    def _correct(account: Account, difference: int) -> None:
        if difference >= 0:
            room = max(0, (account.limit["micro"] or 0) - account.pending["micro"] - account.posted["micro"])
            within = min(room, difference)
            account.posted["micro"] += within
            account.overrun += difference - within
            account.frozen |= difference > within
            return
        ended = min(-difference, account.overrun)
        account.overrun -= ended
        account.posted["micro"] -= -difference - ended


OPERATIONS = ("reserve", "settle", "release", "expire", "limit", "quantity", "clear", "adjust")

"""Waits, deadlines, dollars and success in ten days of real IBM queues, by who chooses the machine.

The plan stands in docs/evidence.md. The trace is read from the `shared` folder beside the checkout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from time import process_time
from typing import Any

import numpy as np

from hybridops.domain.dispatch import Cap, Key, Site, Waiting, dispatch
from hybridops.domain.placement import Option, place
from hybridops.domain.shares import Rules
from hybridops.domain.waits import Waits
from tests.bench.queue_trace import DEADLINE, FOLDER, MARK, SERVICE, Job, Machine, best, load, machines

DAY, BLOCK = 86400.0, 6 * 3600.0
PER_SECOND = Decimal("1.60")
WINDOWS = (0, 12, 72, 288)  # marks before the last one: none, 1, 6 and 24 hours
FIRST, LAST = (0.0, 6.5 * DAY, 7 * DAY), (7 * DAY, 9.5 * DAY, inf)


@dataclass
class World:
    """One arm's own jobs at each machine: when the last of them ends, and how many seconds of run time were sent."""

    fleet: list[Machine]
    end: float
    free_at: dict[str, float] = field(default_factory=dict)
    sent: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def fitting(self, job: Job, now: float) -> list[Machine]:
        """Those that are large enough and open; all that are large enough where none is open."""
        large = [machine for machine in self.fleet if machine.qubits >= job.qubits]
        return [machine for machine in large if machine.active[int(now // MARK)]] or large

    def send(self, job: Job, machine: Machine, now: float) -> float:
        """When it starts: after what was pending and after ours; infinity where the part ends before."""
        start = max(machine.served_at(now, self.end), self.free_at.get(machine.name, 0.0))
        self.free_at[machine.name] = start + job.seconds
        self.sent.setdefault(machine.name, []).append((start + job.seconds, job.seconds))
        return start

    def ahead(self, machine: Machine, now: float) -> float:
        """Run time of ours that was sent there and has not ended."""
        return sum(seconds for ends, seconds in self.sent.get(machine.name, ()) if ends > now)


type Arm = Callable[[World, Job], Machine]


def fixed(world: World, job: Job) -> Machine:
    return max(world.fleet, key=lambda machine: machine.success(25) if machine.qubits >= 25 else 0.0)


def least_busy(world: World, job: Job) -> Machine:
    mark = int(job.came // MARK)
    return min(world.fitting(job, job.came), key=lambda machine: (machine.pending[mark], machine.name))


def ours(window: int) -> Arm:
    def choose(world: World, job: Job) -> Machine:
        mark = int(job.came // MARK)
        options = [
            Option(
                provider="ibm",
                backend=machine.name,
                cost_usd=PER_SECOND * Decimal(round(job.seconds, 3)),
                fidelity=machine.success(job.qubits),
                waits=Waits(tuple((machine.pending[max(0, mark - window) : mark + 1] * SERVICE).tolist())),
                run_seconds=job.seconds,
                ahead_seconds=world.ahead(machine, job.came),
            )
            for machine in world.fitting(job, job.came)
        ]
        chosen = place(options, seconds_left=DEADLINE).chosen
        return next(machine for machine in world.fleet if machine.name == chosen)

    return choose


@dataclass(frozen=True)
class Told:
    """By job: seconds of wait, whether it was in time, its success over the best that fits, its dollars."""

    waits: np.ndarray
    in_time: np.ndarray
    success: np.ndarray
    dollars: np.ndarray
    blocks: np.ndarray


def replay(arm: Arm | None, fleet: list[Machine], part: tuple[float, float, float]) -> Told:
    """One arm over the jobs of a part; without one it is first come, first served."""
    start, stop, end = part
    world = World(fleet, min(end, len(fleet[0].pending) * MARK))
    jobs = load(start, stop)
    placed = _first_come(world, jobs) if arm is None else [_sent(world, job, arm(world, job)) for job in jobs]
    waits = np.array([min(begin, world.end) - job.came for job, (begin, _) in zip(jobs, placed, strict=True)])
    done = np.array([begin + job.seconds for job, (begin, _) in zip(jobs, placed, strict=True)])
    came = np.array([job.came for job in jobs])
    seconds = np.array([job.seconds for job in jobs])
    success = np.array(
        [m.success(job.qubits) / best(fleet, job.qubits) for job, (_, m) in zip(jobs, placed, strict=True)]
    )
    return Told(
        waits, done - came <= DEADLINE, success, seconds * float(PER_SECOND), (came // BLOCK).astype(int)
    )


def _sent(world: World, job: Job, machine: Machine) -> tuple[float, Machine]:
    return world.send(job, machine, job.came), machine


def _first_come(world: World, jobs: Sequence[Job]) -> list[tuple[float, Machine]]:
    """One line: the next job goes where a fitting, open machine holds none of ours, idle longest; else it waits."""
    placed = []
    before = 0.0
    for job in jobs:
        now = max(job.came, before)
        free = [
            m for m in world.fitting(job, min(now, world.end - 1)) if world.free_at.get(m.name, 0.0) <= now
        ]
        if not free:
            large = [m for m in world.fleet if m.qubits >= job.qubits]
            now = max(now, min(world.free_at.get(m.name, 0.0) for m in large))
            free = [m for m in large if world.free_at.get(m.name, 0.0) <= now]
        machine = min(free, key=lambda m: (world.free_at.get(m.name, 0.0), m.name))
        before = now
        placed.append((world.send(job, machine, now) if now < world.end else inf, machine))
    return placed


def ratio(of: Told, to: Told, draws: int = 4000, seed: int = 7) -> tuple[float, float, float]:
    """The ratio of mean waits, and its 95 % interval over draws of six-hour blocks."""
    rng = np.random.default_rng(seed)
    names = np.unique(of.blocks)
    sums = np.array([[told.waits[told.blocks == name].sum() for name in names] for told in (of, to)])
    drawn = rng.integers(0, len(names), (draws, len(names)))
    values = sums[0][drawn].sum(axis=1) / sums[1][drawn].sum(axis=1)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(sums[0].sum() / sums[1].sum()), float(low), float(high)


def compared(fleet: list[Machine], part: tuple[float, float, float], window: int) -> Iterator[dict[str, Any]]:
    """Every figure of a part."""
    arms: dict[str, Arm | None] = {
        "fixed": fixed,
        "least busy": least_busy,
        "first come": None,
        "ours": ours(window),
    }
    told = {name: replay(arm, fleet, part) for name, arm in arms.items()}
    for name, one in told.items():
        count, in_time = len(one.waits), float(one.in_time.mean())
        yield _figure(f"{name}, mean wait", float(one.waits.mean()), "s", count)
        yield _figure(f"{name}, median wait", float(np.median(one.waits)), "s", count)
        yield _figure(f"{name}, in time", in_time, "share", count)
        money = float(one.dollars.sum() / max(1, one.in_time.sum()))
        yield _figure(f"{name}, dollars a job in time", money, "USD", count)
        yield _figure(f"{name}, success over the best", float(one.success.mean()), "share", count)
    for other in ("fixed", "least busy", "first come"):
        value, low, high = ratio(told["ours"], told[other])
        yield _figure(
            f"mean wait over that of {other} [{low:.3g}, {high:.3g}]", value, "ratio", len(told["ours"].waits)
        )


def _figure(name: str, value: float, unit: str, count: int) -> dict[str, Any]:
    return {
        "name": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "n": count,
        "against": None,
        "ratio": None,
    }


def chosen_window(fleet: list[Machine]) -> tuple[int, list[float]]:
    """The window with the shortest mean wait on the first seven days, and the mean of each."""
    means = [float(replay(ours(window), fleet, FIRST).waits.mean()) for window in WINDOWS]
    return WINDOWS[int(np.argmin(means))], means


def decisions() -> Iterator[dict[str, Any]]:
    """Turns a second among 10,000 that wait, and placements a second over eleven machines; CPU time."""
    keys: list[Key] = [("p", f"b{number}") for number in range(12)]
    waiting = [
        Waiting(n, f"team {n % 20}", "validation", float(n), 1_000_000, (keys[n % 12], keys[(n + 1) % 12]))
        for n in range(10_000)
    ]
    began = process_time()
    grants, denials = dispatch(waiting, Site(caps={key: Cap(8) for key in keys}), Rules(), 20_000.0)
    spent = process_time() - began
    yield _figure(
        "turns given or denied a second, 10,000 waiting", (len(grants) + len(denials)) / spent, "1/s", 10_000
    )
    seen = Waits(tuple(float(n) for n in range(289)))
    options = [Option("p", f"m{n}", Decimal(1), 0.9 - n / 1000, seen, 1.0) for n in range(11)]
    began = process_time()
    for _ in range(300):
        place(options, seconds_left=3600.0)
    yield _figure(
        "placements a second, 11 backends, a day of waits", 300 / (process_time() - began), "1/s", 300
    )


def figures() -> Iterator[dict[str, Any]]:
    """Everything in the order of the plan; without the trace only the decisions a second."""
    yield from decisions()
    if not (FOLDER / "ibm_queue_5min.csv.gz").is_file():
        reason = "skipped: the trace lies in a `shared` folder beside the checkout, and there is none"
        yield _figure(reason, 0, "", 0)
        return
    fleet = machines()
    window, means = chosen_window(fleet)
    for marks, mean in zip(WINDOWS, means, strict=True):
        yield _figure(f"first seven days, ours with {marks} earlier marks, mean wait", mean, "s", 0)
    for part, name in ((FIRST, "first seven days"), (LAST, "held out")):
        for figure in compared(fleet, part, window):
            yield {**figure, "name": f"{name}: {figure['name']}"}

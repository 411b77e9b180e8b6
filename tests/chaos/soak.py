"""The soak: three machines under load and faults, held against the invariants from outside.

    python -m tests.chaos.soak --minutes 30 --seed 7 [--database postgres|sqlite]

Everything is private and under one folder: databases, brokers, the vendors' stage, ports. What a seed decides is
who suffers what, in which order; what the load meets then is the machine's own. A seed that fails is kept in
`seeds.txt`, which `test_soak.py` plays again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import urllib.error
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.chaos.faults import Fault, Schedule
from tests.chaos.fleet import PLACES, Machine
from tests.chaos.ground import Ground, until
from tests.chaos.load import Load
from tests.chaos.relay import Network
from tests.chaos.sink import Sink
from tests.chaos.truth import Truth
from tests.chaos.watcher import WATCHED, Watcher

SEEDS = Path(__file__).with_name("seeds.txt")
READY_SECONDS = 300.0
RECOVERY_SECONDS = 180.0  # after a fault until every process runs and every site is well
TRUTH_SECONDS = 5.0  # from then until an open page shows what was true at that moment
CALM_SECONDS = 300.0  # at most, for all that is open to end
CALM_SHARE = 0.3  # of the minutes, at most 60 s, kept for the calm
FAULTS_MIN = 5  # also where the machines took all the time to start
BETWEEN_SECONDS = (1.0, 5.0)


class Soak:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.began = args, monotonic()
        self.findings: list[str] = []
        self.faults: Counter[str] = Counter()
        self.recoveries: list[float] = []
        self.truths: list[float] = []
        self.memory: dict[str, list[float]] = defaultdict(list)
        self.ground = Ground(args.database, args.seed)
        self.network, self.sink = Network(), Sink()
        self.truth = Truth(self.ground)
        self.told: dict[str, Any] = {}

    def say(self, text: str) -> None:
        print(f"{monotonic() - self.began:7.1f} s  {text}", flush=True)

    # The three acts.

    def play(self) -> bool:
        try:
            self._set_up()
            self._suffer()
            self._calm()
            self._judge()
        except BaseException as problem:
            self.findings.append(f"the soak itself broke: {type(problem).__name__}: {problem}")
            self._show_logs()
            if not isinstance(problem, Exception):
                raise
        finally:
            self._clear_away()
        return self._report()

    def _set_up(self) -> None:
        self.told = self.ground.start(self.sink.url)
        self.say(f"the ground is up, {self.args.database}, seed {self.args.seed}")
        self.machines = [Machine(name, self.ground, self.network) for name in PLACES]
        for machine in self.machines:
            machine.server.start()
        until(
            lambda: all(machine.is_well() for machine in self.machines),
            "the machines did not start",
            READY_SECONDS,
        )
        until(self._backends, "nobody looked at the backends", READY_SECONDS)
        self.say(
            f"three machines, {sum(map(len, PLACES.values()))} processes; backends {', '.join(self.told['backends'])}"
        )
        self.load = Load(self.machines, self.truth, self.told, self.args.seed, self.args.every)
        self.watchers = [Watcher(machine) for machine in self.machines[:2]]
        self.load.start()
        for watcher in self.watchers:
            watcher.start()
        self._sample()

    def _backends(self) -> bool:
        rows = self.truth.rows("SELECT name FROM backends_listing WHERE available")
        found = {row["name"] for row in rows} & set(self.args.backends)
        self.told["backends"] = sorted(found)
        return len(found) == len(self.args.backends)

    def _suffer(self) -> None:
        schedule = Schedule(self.ground, self.machines, self.args.seed, self.args.only)
        self.left_out = schedule.left_out()
        for told in self.left_out:
            self.say(f"left out: {told}")
        whole = self.args.minutes * 60
        end = self.began + whole - min(60.0, whole * CALM_SHARE)
        half = (monotonic() + end) / 2
        while monotonic() < end or self.faults.total() < FAULTS_MIN:
            schedule.late = monotonic() > half
            self._one(schedule.next())
            self._sample()
            sleep(schedule.rng.uniform(*BETWEEN_SECONDS))

    def _one(self, fault: Fault) -> None:
        """The fault begins, lasts, ends; then everything must be well again and the page true."""
        self.faults[fault.kind] += 1
        self.say(f"{fault.kind:<20}{fault.target}" + (f" for {fault.seconds:.1f} s" if fault.seconds else ""))
        self._try(fault.begin)
        end = monotonic() + fault.seconds
        while monotonic() < end:
            sleep(0.2)
            if fault.kind != "machine lost":
                self._tend()
        fault.end()
        began = monotonic()
        until(
            self._is_well, f"after {fault.kind} of {fault.target} not everything was well", RECOVERY_SECONDS
        )
        self.recoveries.append(monotonic() - began)
        self.say(f"  well after {self.recoveries[-1]:.1f} s; {self._progress()}")
        self._look(f"after {fault.kind} of {fault.target}")
        self.findings += self.truth.wrong_now()

    def _progress(self) -> str:
        told = f"{len(self.load.told_runs)} runs, {len(self.truth.open_runs())} things open, {self.load.answers.total()} answers"
        return told if self.load.told_runs else f"{told}: {dict(self.load.answers)}"

    def _try(self, begin: Callable[[], object]) -> None:
        try:
            begin()
        except (OSError, urllib.error.URLError) as problem:
            self.say(f"  it could not begin: {problem}")

    def _tend(self) -> None:
        for machine in self.machines:
            if machine.tend():
                self.say(f"  machine {machine.name} had given up: {_last(machine.server.log)}")

    def _is_well(self) -> bool:
        self._tend()
        return all(machine.is_well() for machine in self.machines)

    def _look(self, when: str) -> None:
        """From now on the page has so many seconds to show what is true now."""
        truth = self.truth.versions(WATCHED)
        for watcher in self.watchers:
            watcher.want(set(truth))
        began = monotonic()
        while any(watcher.behind(truth) for watcher in self.watchers):
            if monotonic() - began > self.args.truth_seconds:
                behind = {
                    watcher.machine.name: told for watcher in self.watchers if (told := watcher.behind(truth))
                }
                self.findings.append(
                    f"{when} an open page was behind for {self.args.truth_seconds:.0f} s: {behind}"
                )
                self.say(f"  {self.findings[-1]}")
                break
            sleep(0.05)
        self.truths.append(monotonic() - began)

    def _calm(self) -> None:
        self.load.asking.clear()
        self.say(f"calm; open: {len(self.truth.open_runs())}")
        end = monotonic() + CALM_SECONDS
        while open_ := self.truth.open_runs():
            self._tend()
            if monotonic() > end:
                self.findings += [f"after {CALM_SECONDS:.0f} s of calm {told}" for told in open_]
                for run in self.truth.runs():
                    if not self.truth.outcome(run):
                        print("\n".join(self.truth.dump(run)))
                break
            sleep(1.0)
        self._look("in the calm")
        self.say("all has ended")

    def _judge(self) -> None:
        self.load.end()
        for watcher in self.watchers:
            watcher.end()
        self._sample()
        self.findings += self.load.findings
        if not self.load.told_runs:
            self.findings.append("no run was taken: nothing was tried")
        self.findings += (
            self.truth.wrong_now() + self.truth.untold(self.sink) + self.truth.doubled(self.load.told_runs)
        )
        for run in self.truth.runs():
            if wrong := self.truth.wrong(run):
                self.findings += [f"R-{run}: {told}" for told in wrong]
                print("\n".join(self.truth.dump(run)))
        books, log = self.ground.manage("books"), self.ground.manage("verify")
        self.findings += [f"the books differ: {told}" for told in books["differences"]]
        self.findings += [f"the log: {told}" for told in log["findings"]]
        if not (books["right"] and log["verified"]):
            self.findings.append("the books or the log do not hold")
        self.events = int(log["events"])
        rows = self.truth.rows(
            "SELECT outcome, count(*) AS n FROM experiments_run GROUP BY outcome ORDER BY outcome"
        )
        self.outcomes = {row["outcome"] or "open": row["n"] for row in rows}
        self.failed = self.truth.rows("SELECT id, why FROM experiments_run WHERE outcome = 'failed'")

    def _sample(self) -> None:
        for machine in self.machines:
            for name, size in machine.memory().items():
                self.memory[name].append(size)

    def _clear_away(self) -> None:
        for part in ("load", "watchers"):
            if hasattr(self, part):
                for one in [self.load] if part == "load" else self.watchers:
                    one.over.set() if part == "load" else one._over.set()
        for machine in getattr(self, "machines", []):
            machine.server.end()
        if self.findings and self.args.keep:
            os.system(f"cp -a {self.ground.logs} {self.args.keep}")
        self.sink.end()
        self.ground.end()
        self.network.end()

    def _show_logs(self) -> None:
        for path in sorted(self.ground.logs.rglob("*.log")):
            print(f"-- {path.relative_to(self.ground.logs)}: {_last(path)}")

    # What is told.

    def _report(self) -> bool:
        self.findings = list(dict.fromkeys(self.findings))
        told = self.summary()
        print(json.dumps(told, indent=1))
        if self.findings:
            self._keep_seed()
        return not self.findings

    def summary(self) -> dict[str, Any]:
        return {
            "seed": self.args.seed,
            "database": self.args.database,
            "seconds": round(monotonic() - self.began),
            "load_average": [round(one, 1) for one in os.getloadavg()],
            "runs": getattr(self, "outcomes", {}),
            "failed": {f"R-{row['id']}": row["why"] for row in getattr(self, "failed", [])},
            "answers": dict(sorted(self.load.answers.items())) if hasattr(self, "load") else {},
            "faults": dict(sorted(self.faults.items())),
            "left_out": getattr(self, "left_out", []),
            "recovery_seconds": _spread(self.recoveries),
            "page_true_seconds": _spread(self.truths),
            "machines_that_gave_up": {m.name: m.gave_up for m in getattr(self, "machines", [])},
            "memory_mb": {
                name: [sizes[0], sizes[len(sizes) // 2], sizes[-1]]
                for name, sizes in sorted(self.memory.items())
            },
            "told": {"events": sum(self.sink.seen.values()), "distinct": len(self.sink.seen)},
            "trail_events": getattr(self, "events", 0),
            "findings": self.findings,
        }

    def _keep_seed(self) -> None:
        line = f"{self.args.seed} {self.args.database}"
        known = [kept.split("#")[0].strip() for kept in SEEDS.read_text().splitlines()]
        if line not in known and not self.args.only:
            with SEEDS.open("a") as file:
                file.write(f"{line}  # {self.findings[0][:100]}\n")


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    told = {"median": statistics.median(seconds), "slowest": max(seconds)}
    return {"count": len(seconds), **{name: round(value, 2) for name, value in told.items()}}


def _last(log: Path) -> str:
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return " | ".join(line[:200] for line in lines[-3:])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--every", type=float, default=9.0, help="seconds between two runs, on the average")
    parser.add_argument("--truth-seconds", type=float, default=TRUTH_SECONDS)
    parser.add_argument(
        "--backends", nargs="*", default=["simulator", "amazon/sv1"], help="of the vendors' stage"
    )
    parser.add_argument(
        "--only", nargs="*", default=[], help="these faults: postgres, valkey, kill, machine ..."
    )
    parser.add_argument("--keep", default="", help="where the logs of a failure are copied to")
    sys.exit(0 if Soak(parser.parse_args()).play() else 1)


if __name__ == "__main__":
    main()

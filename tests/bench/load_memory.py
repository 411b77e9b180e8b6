"""Resident memory of processes over time, and whether it grows."""

from __future__ import annotations

import threading
from pathlib import Path
from statistics import fmean, stdev
from time import perf_counter

EVERY_SECONDS = 5.0
BLOCKS = 12  # neighbouring samples are alike: the slope is taken over means of so many stretches
T_95 = 2.228  # of Student's distribution with BLOCKS - 2 degrees of freedom
WARM = 1 / 4  # of the time, which is not counted: caches fill


class Memory:
    def __init__(self, pids: dict[str, int | None]) -> None:
        self.pids = {name: pid for name, pid in pids.items() if pid}
        self.seen: dict[str, list[tuple[float, float]]] = {name: [] for name in self.pids}

    def watch(self, over: threading.Event) -> None:
        while True:
            for name, pid in self.pids.items():
                self.seen[name].append((perf_counter() / 3600, resident_mb(pid)))
            if over.wait(EVERY_SECONDS):
                return

    def slopes(self) -> dict[str, tuple[float, float, float, int]]:
        """Of each process: MB at the end, MB an hour, half of its 95 % interval, how many samples."""
        return {name: (told[-1][1], *slope(told), len(told)) for name, told in self.seen.items()}


def slope(told: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares over means of stretches, and half of its 95 % interval; not a number where there are too few."""
    told = told[int(len(told) * WARM) :]
    size = len(told) // BLOCKS
    if not size:
        return float("nan"), float("nan")
    parts = [told[n * size : (n + 1) * size] for n in range(BLOCKS)]
    xs = [fmean(x for x, _ in part) for part in parts]
    ys = [fmean(y for _, y in part) for part in parts]
    mean_x, mean_y, square = fmean(xs), fmean(ys), sum((x - fmean(xs)) ** 2 for x in xs)
    found = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / square
    left = [y - mean_y - found * (x - mean_x) for x, y in zip(xs, ys, strict=True)]
    return found, T_95 * stdev(left) * ((BLOCKS - 1) / (BLOCKS - 2) / square) ** 0.5


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)

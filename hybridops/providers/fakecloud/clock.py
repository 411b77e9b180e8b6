"""The time of the rehearsal: it runs with the wall, or stands still until somebody moves it."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds. `moving` False: time passes by `advance` only, so that tests never wait."""

    def __init__(self, *, moving: bool = True) -> None:
        self._moving, self._ahead, self._began = moving, 0.0, time.time()

    def now(self) -> float:
        return (time.time() if self._moving else self._began) + self._ahead

    def advance(self, seconds: float) -> None:
        """Forward only; raises ValueError otherwise."""
        if seconds < 0:
            raise ValueError("Time goes forward: give the seconds as a positive number.")
        self._ahead += seconds

"""Prefect's eight steps of nothing, served two at a time. Run by Prefect's own environment."""

from __future__ import annotations

from prefect import flow, task


@task
def step(before: int) -> int:
    return before + 1


@flow
def noop() -> int:
    at = 0
    for _ in range(8):
        at = step(at)
    return at


if __name__ == "__main__":
    noop.serve(name="bench", limit=2)

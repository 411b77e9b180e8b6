"""Dagster's eight steps of nothing; all in the process of the run, which is its quickest. Run by Dagster's own environment."""

from __future__ import annotations

from dagster import Definitions, in_process_executor, job, op


@op
def first() -> int:
    return 0


@op
def step(before: int) -> int:
    return before + 1


@job(executor_def=in_process_executor)
def noop() -> None:
    at = first()
    for number in range(7):
        at = step.alias(f"step_{number}")(at)


defs = Definitions(jobs=[noop])

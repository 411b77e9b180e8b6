"""Airflow's eight steps of nothing. Run by Airflow's own environment."""

from __future__ import annotations

from airflow.sdk import dag, task


@task
def step(before: int) -> int:
    return before + 1


@dag(dag_id="noop", schedule=None, catchup=False)
def noop() -> None:
    at = 0
    for number in range(8):
        at = step.override(task_id=f"step_{number}")(at)


noop()

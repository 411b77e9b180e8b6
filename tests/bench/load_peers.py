"""Prefect, Dagster and Airflow with eight steps of nothing on the same PostgreSQL: `python -m tests.bench.load_peers NAME PYTHON FOLDER URL`.

Each runs as its own documentation says for one machine, from an environment that is given, and two runs at once. What is told is
seconds from asking for a run to its end with nothing else going on, runs a second of a queue, and how long asking for one more takes
while that queue is worked off. No figure is made up: what fails raises.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Protocol
from urllib.parse import urlsplit

from hybridops.cli.stack import usable_port
from hybridops.cli.tether import tethered
from tests.bench.load_run import say, spread

NAMES = ("prefect", "dagster", "airflow")
HERE = Path(__file__).parent
ALONE, QUEUED = 3, int(os.environ.get("HYBRIDOPS_BENCH_PEER_RUNS") or 30)
READY_SECONDS, RUN_SECONDS, QUEUE_SECONDS = 180.0, 120.0, 900.0
EVERY_SECONDS = 2.0
ENDED = {"success", "failed", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "SUCCESS", "FAILURE", "CANCELED"}
WELL = {"success", "COMPLETED", "SUCCESS"}


def python_of(name: str) -> Path | None:
    """The peer's own Python, where HYBRIDOPS_BENCH_PEERS has one with it."""
    python = Path(os.environ.get("HYBRIDOPS_BENCH_PEERS") or "/nowhere", name, "bin", "python")
    if not python.exists():
        return None
    told = subprocess.run([str(python), "-c", f"import {name}"], check=False, capture_output=True)
    return None if told.returncode else python


class Peer(Protocol):
    """`ask` queues one run and answers its id; `states` tells of all runs by id."""

    def ask(self) -> str: ...

    def states(self) -> dict[str, str]: ...


@contextmanager
def processes(env: dict[str, str], folder: Path, *commands: list[str]) -> Iterator[None]:
    """Bound to us; each in a group of its own, which ends with it."""
    started = []
    try:
        for number, command in enumerate(commands):
            with (folder / f"{number}.log").open("ab") as log:
                started.append(
                    subprocess.Popen(
                        tethered(command), env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True,
                    )
                )  # fmt: skip
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def call(url: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data, headers), timeout=60) as answer:
        return json.loads(answer.read())


def until(done: Callable[[], Any], seconds: float, what: str) -> Any:
    end, last = perf_counter() + seconds, None
    while perf_counter() < end:
        try:
            if found := done():
                return found
        except (OSError, urllib.error.HTTPError) as problem:
            last = problem
        sleep(0.05)
    raise TimeoutError(f"{what}: {last}")


class Prefect:
    """A server on PostgreSQL and a process that serves the flow, two runs at once, each in a process of its own."""

    def __init__(self, url: str) -> None:
        self.api = url
        self.deployment = until(self._deployment, READY_SECONDS, "the flow is not served")

    def _deployment(self) -> str:
        found = call(f"{self.api}/deployments/filter", {})
        return str(found[0]["id"]) if found else ""

    def ask(self) -> str:
        return str(call(f"{self.api}/deployments/{self.deployment}/create_flow_run", {})["id"])

    def states(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while rows := call(
            f"{self.api}/flow_runs/filter", {"limit": 200, "offset": len(found), "sort": "START_TIME_ASC"}
        ):
            found |= {row["id"]: row["state_type"] for row in rows}
            if len(rows) < 200:
                break
        return found


@contextmanager
def prefect(python: str, folder: Path, url: str) -> Iterator[Peer]:
    port = usable_port("127.0.0.1", 0)
    env = os.environ | {
        "PREFECT_HOME": str(folder), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_DATABASE_CONNECTION_URL": url.replace("postgres://", "postgresql+asyncpg://"), "DO_NOT_TRACK": "1",
    }  # fmt: skip
    server = [
        str(Path(python).parent / "prefect"),
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with processes(env, folder, server):
        api = f"http://127.0.0.1:{port}/api"
        until(lambda: call(f"{api}/health"), READY_SECONDS, "the server does not answer")
        with processes(env, folder, [python, str(HERE / "peers" / "prefect_flow.py")]):
            yield Prefect(api)


LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename ... on LaunchRunSuccess { run { runId } }
 ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status } } } }"


class Dagster:
    """Webserver and daemon on PostgreSQL, the queue lets two runs go at once, each in a process with all its steps."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/graphql"
        self.place = until(self._place, READY_SECONDS, "the code is not loaded")

    def _ask(self, query: str, **variables: Any) -> Any:
        return call(self.url, {"query": query, "variables": variables})["data"]

    def _place(self) -> dict[str, str] | None:
        query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
        for node in self._ask(query)["repositoriesOrError"].get("nodes", ()):
            return {
                "repositoryName": node["name"],
                "repositoryLocationName": node["location"]["name"],
                "jobName": "noop",
            }
        return None

    def ask(self) -> str:
        told = self._ask(LAUNCH, p={"selector": self.place, "runConfigData": {}, "mode": "default"})[
            "launchRun"
        ]
        return str(told["run"]["runId"])

    def states(self) -> dict[str, str]:
        return {row["runId"]: row["status"] for row in self._ask(RUNS)["runsOrError"]["results"]}


@contextmanager
def dagster(python: str, folder: Path, url: str) -> Iterator[Peer]:
    port = usable_port("127.0.0.1", 0)
    told = {
        "storage": {"postgres": {"postgres_url": url.replace("postgres://", "postgresql://")}},
        "concurrency": {"runs": {"max_concurrent_runs": 2}},
        "telemetry": {"enabled": False},
    }
    (folder / "dagster.yaml").write_text(json.dumps(told))  # JSON is YAML
    env = os.environ | {"DAGSTER_HOME": str(folder), "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    job, tools = str(HERE / "peers" / "dagster_job.py"), Path(python).parent
    web = [str(tools / "dagster-webserver"), "-f", job, "-p", str(port)]
    with processes(env, folder, web, [str(tools / "dagster-daemon"), "run", "-f", job]):
        yield Dagster(f"http://127.0.0.1:{port}")


class Airflow:
    """API server, scheduler with LocalExecutor of two, DAG processor, PostgreSQL; each step in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url, self.number = f"{url}/api/v2/dags/noop", 0
        self.token = until(lambda: call(f"{url}/auth/token"), READY_SECONDS, "the server does not answer")[
            "access_token"
        ]
        until(lambda: call(self.url, token=self.token), READY_SECONDS, "the DAG is not parsed")

    def ask(self) -> str:
        self.number += 1
        named = f"bench-{self.number}"
        call(f"{self.url}/dagRuns", {"dag_run_id": named, "logical_date": None}, self.token)
        return named

    def states(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            told = call(f"{self.url}/dagRuns?limit=100&offset={len(found)}", token=self.token)
            found |= {row["dag_run_id"]: row["state"] for row in told["dag_runs"]}
            if len(found) >= told["total_entries"]:
                return found


@contextmanager
def airflow(python: str, folder: Path, url: str) -> Iterator[Peer]:
    port, tool = usable_port("127.0.0.1", 0), str(Path(python).parent / "airflow")
    env = os.environ | {
        "AIRFLOW_HOME": str(folder), "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url.replace("postgres://", "postgresql+psycopg2://"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "AIRFLOW__CORE__PARALLELISM": "2", "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE / "peers" / "airflow_dags"), "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False", "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}", "AIRFLOW__API__WORKERS": "1", "AIRFLOW__API_AUTH__JWT_SECRET": "bench" * 16,
    }  # fmt: skip
    subprocess.run([tool, "db", "migrate"], env=env, check=True, capture_output=True)
    server = [tool, "api-server", "--host", "127.0.0.1", "--port", str(port)]
    with processes(env, folder, server, [tool, "scheduler"], [tool, "dag-processor"]):
        yield Airflow(f"http://127.0.0.1:{port}")


def ended(peer: Peer, runs: list[str]) -> bool:
    states = peer.states()
    wrong = {run: states[run] for run in runs if states.get(run, "") in ENDED - WELL}
    if wrong:
        raise RuntimeError(f"runs failed: {wrong}")
    return all(states.get(run, "") in WELL for run in runs)


def measure(name: str, peer: Peer) -> None:
    def alone() -> float:
        started = perf_counter()
        run = peer.ask()
        until(lambda: ended(peer, [run]), RUN_SECONDS, "a run does not end")
        return perf_counter() - started

    alone()
    times = sorted(alone() for _ in range(ALONE))
    say(f"{name}: a run of eight steps, from asking to its end", times[len(times) // 2], "s", ALONE)
    started = perf_counter()
    runs, asked, due = [peer.ask() for _ in range(QUEUED)], list[float](), perf_counter()
    while not ended(peer, runs):
        if perf_counter() - started > QUEUE_SECONDS:
            raise TimeoutError(f"{QUEUED} runs did not end")
        if perf_counter() >= due and len(asked) < QUEUED:
            began, due = perf_counter(), perf_counter() + EVERY_SECONDS
            peer.ask()
            asked.append((perf_counter() - began) * 1000)
        sleep(0.2)
    seconds = perf_counter() - started
    done = sum(state in WELL for state in peer.states().values()) - ALONE - 1
    say(f"{name}: runs a second, two at once", done / seconds, "1/s", done)
    spread(f"{name}: asking for a run meanwhile", asked)


def main() -> None:
    name, python, folder, url = sys.argv[1:]
    made: dict[str, Any] = {"prefect": prefect, "dagster": dagster, "airflow": airflow}
    try:
        with made[name](python, Path(folder), url) as peer:
            measure(name, peer)
    except Exception:
        for log in sorted(Path(folder).glob("*.log")):
            print(f"-- {name} {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise


if __name__ == "__main__":
    assert urlsplit(sys.argv[4]).scheme == "postgres"
    main()

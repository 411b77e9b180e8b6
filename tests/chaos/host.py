"""The process that holds a whole hybridops of its own and does what a test says: `python -m tests.chaos.host`.

One JSON object a line comes in, one goes out. It is the supervisor as well: killing it kills everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

READY_SECONDS = 90.0


class Host:
    """The verbs are the names that a line may carry under `do`."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.extra: subprocess.Popen[bytes] | None = None

    def pid(self, name: str) -> int | None:
        return self.stack.pid(name)

    def pids(self) -> dict[str, int | None]:
        return {name: self.stack.pid(name) for name in self.stack.names}

    def trouble(self) -> list[str]:
        """Why the supervisor gave up, if it did."""
        return [str(self.stack._running.fault)] if self.stack._running.fault else []

    def submit(self, key: str = "", backend: str = "heron-torino", **more: Any) -> int:
        from hybridops.cli.rehearsal.people import add_snapshot
        from hybridops.cli.rehearsal.problems import PROBLEMS
        from hybridops.engine import intake
        from hybridops.experiments.services import Wanted
        from hybridops.teams.models import User

        problem = PROBLEMS["wave-11"]
        snapshot = add_snapshot("ines", problem.project, problem.name, problem.data(), problem.filename)
        shots = 64 if backend == "ideal" else 640  # above what the policy approves by itself
        wanted = Wanted(
            project_id=snapshot.project_id,
            snapshot_id=snapshot.pk,
            title="A run that something happens to",
            business_outcome=problem.outcome,
            parameters={
                "shots": shots,
                "qubits_max": 6,
                "baseline_seconds": 0.5,
                **more.pop("parameters", {}),
            },
            seed=more.pop("seed", 1),
            backend=backend,
            priority_class="research",
            anyway="to see what happens to it",
            fallback=more.pop("fallback", "classical"),
            deadline=None,
            cost_max_micro=20_000_000,
        )
        assert not more, more
        user = User.objects.get(username="ines")
        made = intake.submit(user=user, workflow_name="routing", wanted=wanted, submit_key=key or uuid4().hex)
        return int(made.pk)

    def decide(self, run: int, verdict: str = "approve") -> str:
        from hybridops.approvals.queries import by_subject
        from hybridops.experiments import conduct, services
        from hybridops.teams.models import User
        from tests.presence import here

        request = by_subject(conduct.subject(run))
        assert request is not None
        user = User.objects.get(username="mikkel")
        done = services.decide(
            user=user,
            presence=here(),
            request_id=request.pk,
            verdict=verdict,
            digest_shown=request.digest,
            reason="Chaos.",
        )
        return str(done.state)

    def code(self, login: str) -> str:
        from hybridops.teams.models import User
        from hybridops.teams.presence import demo_code

        return demo_code(User.objects.get(username=login))

    def cancel(self, run: int) -> None:
        from hybridops.experiments import services
        from hybridops.teams.models import User

        services.cancel(user=User.objects.get(username="ines"), run_id=run)

    def fault(self, name: str) -> None:
        from django.conf import settings

        from hybridops.providers.faults import set_fault

        set_fault(Path(settings.HOME) / "simulator", name)

    def verify(self) -> list[str]:
        from hybridops.audit.services import seal, sequence
        from hybridops.audit.verify import verify

        while sequence():
            pass
        seal()
        return verify().findings

    def second(self, queue: str) -> int:
        """One more worker of this queue, beside those that are supervised."""
        argv = [sys.executable, "manage.py", "worker", queue]
        env = {**os.environ, **self.stack.env}
        self.extra = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self.extra.pid

    def end_second(self) -> None:
        if self.extra is not None:
            self.extra.kill()
            self.extra.wait()
            self.extra = None


def give_the_quantum_stage(seconds: float) -> None:
    """Signs a next version of the workflow whose QPU stage has a deadline that a test can wait for."""
    from hybridops.definitions import services as definitions
    from hybridops.definitions.models import SignedDocument
    from hybridops.domain.actors import SYSTEM

    newest = SignedDocument.objects.filter(kind="workflow", name="routing").order_by("-version").first()
    assert newest is not None
    body = definitions.verified(newest)
    if any(stage["key"] == "quantum" and stage["seconds_max"] == seconds for stage in body["stages"]):
        return
    stages = [{**s, "seconds_max": seconds} if s["key"] == "quantum" else s for s in body["stages"]]
    version = newest.version + 1
    body = {**body, "version": version, "stages": stages}
    definitions.publish(kind="workflow", name="routing", version=version, document=body, actor=SYSTEM)


def backends_seen() -> None:
    from hybridops.backends.services import known

    end = monotonic() + READY_SECONDS
    while not known():
        assert monotonic() < end, "no worker looked at the backends"
        sleep(0.05)


def obey(host: Host, line: str) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(line)
    verb: Callable[..., Any] = getattr(host, asked.pop("do"))
    try:
        return {"answer": verb(**asked)}
    except Exception as problem:  # the test decides what a refusal means
        return {"problem": f"{type(problem).__name__}: {problem}"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed here belongs into the log
    import django

    django.setup()
    from django.conf import settings

    from hybridops.cli import serving
    from hybridops.cli.rehearsal.people import found_demo
    from hybridops.cli.stack import Stack
    from hybridops.domain import clock

    serving.migrate()
    found_demo(clock.now().date())
    if seconds := os.environ.get("CHAOS_QUANTUM_SECONDS"):
        give_the_quantum_stage(float(seconds))
    with Stack(Path(settings.HOME), port=0) as stack:
        stack.wait_ready(READY_SECONDS)
        backends_seen()
        host = Host(stack)
        print(json.dumps({"answer": stack.url}), file=answers)
        for line in sys.stdin:  # ends with the test process, whatever ends that
            print(json.dumps(obey(host, line)), file=answers)
        host.end_second()


if __name__ == "__main__":
    main()

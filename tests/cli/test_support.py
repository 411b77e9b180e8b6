"""The bundle tells what helps and nothing about anybody: secrets and words are planted everywhere, and none is found."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hybridops.backends.models import Breaker
from hybridops.cli import support, support_logs
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.experiments.models import Experiment, Stage, Submission
from hybridops.outbox.models import Message, Webhook
from hybridops.quotas.stops import stop_spending
from hybridops.teams.models import Project, Team, User
from tests.approvals.asking import ask, decide
from tests.world import World

PLANTED = "Xanthippe-hunter2"
LOGS = f"""2026-01-02 03:04:05,678 WARNING hybridops.engine.poll: {PLANTED} could not be looked at: token={PLANTED}
2026-01-02 03:04:05,678 ERROR hybridops.engine.sweep: a part of the sweep failed
Traceback (most recent call last):
  File "/home/{PLANTED}/hybridops/engine/sweep.py", line 99, in tick
    call("{PLANTED}")
  File "/home/{PLANTED}/hybridops/engine/{PLANTED.lower().replace("-", "_")}.py", line 99, in tick
ValueError: {PLANTED}
{PLANTED}Error: no
2026-01-02 03:04:05,678 INFO hybridops.{PLANTED.replace("-", "_")}: something {PLANTED}
a line of {PLANTED}
{json.dumps({"time": f"2026-01-02T03:04:05{PLANTED}", "level": PLANTED, "logger": PLANTED, "message": PLANTED, "traceback": PLANTED})}
{json.dumps({"time": "2026-01-02T03:04:05+00:00", "level": "error", "logger": "hybridops.engine.poll", "message": f"the bill of {PLANTED} could not be booked", "traceback": f"ValueError: {PLANTED}"})}
{{"time": {PLANTED}
"""


@pytest.fixture
def planted(world: World, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    request = ask(world)
    decide(world.mikkel, request)
    User.objects.update(name=PLANTED, email=f"{PLANTED}@example.org", first_name=PLANTED)
    User.objects.filter(pk=world.ines.pk).update(username=PLANTED)
    Team.objects.update(name=PLANTED)
    Team.objects.filter(pk=world.team.pk).update(slug=PLANTED)
    Project.objects.update(name=PLANTED, slug=PLANTED)
    Experiment.objects.update(title=PLANTED, business_outcome=PLANTED, anyway=PLANTED)
    Stage.objects.filter(state="ready").update(state="held", why=PLANTED, worker=PLANTED)
    Submission.objects.update(error=PLANTED, raw_status=PLANTED)
    Breaker.objects.create(provider="scripted", backend="aster", state="open", told=PLANTED)
    Webhook.objects.create(
        team=world.team, url=f"https://{PLANTED}.example.org/", kinds=[], made_at=clock.now()
    )
    Message.objects.create(
        to=world.ines, kind="run.ended", key=PLANTED, pace="now", subject=PLANTED, text=PLANTED, path="/",
        error=PLANTED, made_at=clock.now(), next_at=clock.now(),
    )  # fmt: skip
    stop_spending(why=PLANTED, actor=SYSTEM)
    for name in ("SECRET_KEY", "METRICS_TOKEN", "OTLP_ENDPOINT", "TRACE_URL", "SITE", "DEFAULT_FROM_EMAIL"):
        setattr(settings, name, f"https://{PLANTED}/")
    settings.A_SETTING_OF_TOMORROW = PLANTED
    settings.AUDIT_MAIL = [PLANTED]
    settings.PROVIDERS = {PLANTED: ("tests.engine.fake:Scripted", {"token": PLANTED})}
    settings.REDIS_URL = f"redis://:{PLANTED}@127.0.0.1:1/0"
    settings.SECRETS = (PLANTED, {"token": PLANTED})
    settings.HOME = tmp_path
    monkeypatch.setenv("HYBRIDOPS_METRICS_TOKEN", PLANTED)
    (tmp_path / "logs").mkdir()
    for name in ("sweep.log", "worker-cpu-1.log", f"{PLANTED}.log"):
        (tmp_path / "logs" / name).write_text(LOGS)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "django-secret").write_text(PLANTED)
    return world


def opened(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        found = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        return {name.partition("/")[2]: body.read() for name, body in found.items() if body is not None}


def test_nothing_that_was_planted_is_in_it_and_what_helps_is(planted: World, tmp_path: Path) -> None:
    file = tmp_path / "bundle.tar.gz"
    call_command("support", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    parts = opened(file)
    everything = b"\n".join([*parts.values(), *(name.encode() for name in parts)]).lower()
    for word in (
        PLANTED,
        PLANTED.replace("-", "_"),
        "xanthippe",
        "hunter2",
        "example.org",
        "mikkel",
        "wave 14",
    ):
        assert word.lower().encode() not in everything, word
    assert not any(b'"failed"' in body for name, body in parts.items() if name.endswith(".json")), parts
    told = {name: json.loads(body) for name, body in parts.items() if name.endswith(".json")}
    assert told["work.json"]["held"]["other"] >= 1 and told["work.json"]["spending_stopped_since"]
    assert told["breakers.json"][0]["backend"] == "aster"
    assert told["books.json"] == {"differences": 0} and told["verify.json"]["events"] > 10
    assert "A_SETTING_OF_TOMORROW" in told["settings.json"]["not_told"]
    assert told["settings.json"]["set"]["METRICS_TOKEN"] is True
    assert {event["action"] for event in told["events.json"]} >= {"spending.stopped"}
    assert not told["migrations.json"]["waiting"] and told["versions.json"]["hybridops"].startswith("0.")
    logs = next(body.decode() for name, body in parts.items() if name.endswith("sweep.log"))
    assert "hybridops.engine.poll: %s could not be looked at: %s" in logs
    assert "hybridops/engine/sweep.py:99 tick" in logs and "  ValueError\n" in logs
    assert "the bill of %s could not be booked" in logs


def test_a_part_that_fails_leaves_the_others(planted: World, tmp_path: Path, monkeypatch: Any) -> None:
    def ill() -> object:
        raise ValueError(PLANTED)

    monkeypatch.setattr(support, "PARTS", {**support.PARTS, "work.json": ill})
    support.bundle(tmp_path / "b.tar.gz", verify=False)
    parts = opened(tmp_path / "b.tar.gz")
    assert json.loads(parts["work.json"]) == {"failed": "ValueError"} and "books.json" in parts


def test_it_writes_over_nothing(planted: World, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("support", str(tmp_path / "there"), "--no-verify")
    assert (tmp_path / "there").read_text() == "mine"


def test_only_lines_of_ours_are_known(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("one\ntwo\nthree\n")
    assert support_logs.told(tmp_path / "x.log") == [support_logs.LEFT_OUT]

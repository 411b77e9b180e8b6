from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hybridops.cli import supervisor as module
from hybridops.cli.supervisor import Spec, Supervisor
from tests.cli.processes import alive, script, until

SLEEP = (sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)
BROKEN = (sys.executable, "-S", "-c", "import sys; sys.exit('no such table: runs')")
WITH_CHILD = (
    sys.executable,
    "-S",
    "-c",
    "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)",
)
OWNER = f"""
import sys, time
from pathlib import Path
from hybridops.cli.supervisor import Spec, Supervisor
home = Path(sys.argv[1])
keeper = Supervisor([Spec(name, {SLEEP!r}) for name in ("a", "b")], logs=home, cwd=home)
keeper.start()
while not (keeper.pid("a") and keeper.pid("b")):
    time.sleep(0.01)
print(keeper.pid("a"), keeper.pid("b"))
time.sleep(60)
"""

Keep = Callable[..., Supervisor]


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keep]:
    monkeypatch.setattr(module, "BACKOFF_SECONDS", (0.01, 0.05))
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    started: list[Supervisor] = []

    def start(*specs: Spec) -> Supervisor:
        one = Supervisor(specs, logs=tmp_path / "logs", cwd=tmp_path)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.stop()


def running(keeper: Supervisor, name: str) -> int:
    until(lambda: keeper.pid(name) and "up" in keeper.children[name].last_line())
    pid = keeper.pid(name)
    assert pid
    return pid


def test_a_killed_child_is_started_again(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP), Spec("b", SLEEP))
    first, other = running(keeper, "a"), running(keeper, "b")
    keeper.kill("a")
    until(lambda: keeper.pid("a") not in (None, first))
    assert keeper.pid("b") == other
    assert keeper.fault is None


def test_being_killed_often_is_no_reason_to_give_up(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP))
    for _ in range(module.QUICK_DEATHS_MAX + 1):
        pid = running(keeper, "a")
        keeper.kill("a")
        until(lambda pid=pid: keeper.pid("a") not in (None, pid))
    assert not keeper.children["a"].given_up


def test_stop_leaves_none_not_even_the_stubborn(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP), Spec("b", STUBBORN))
    pids = [running(keeper, "a"), running(keeper, "b")]
    keeper.stop()
    assert not any(alive(pid) for pid in pids)


def test_what_a_child_started_ends_with_it(keep: Keep) -> None:
    keeper = keep(Spec("a", WITH_CHILD))
    until(lambda: keeper.children["a"].last_line().isdigit())
    grandchild = int(keeper.children["a"].last_line())
    keeper.kill("a")
    until(lambda: not alive(grandchild))


def test_a_killed_supervisor_leaves_none(tmp_path: Path) -> None:
    with script(OWNER, tmp_path) as owner:
        assert owner.stdout
        pids = [int(word) for word in owner.stdout.readline().split()]
        assert len(pids) == 2
        owner.kill()
    until(lambda: not any(alive(pid) for pid in pids))


def test_what_cannot_start_ends_everything_and_says_its_last_line(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP), Spec("b", BROKEN))
    pid = running(keeper, "a")
    assert keeper.wait(10)
    keeper.stop()
    assert keeper.fault
    assert keeper.fault.startswith(
        "b died 5 times right after its start; its last line was: no such table: runs"
    )
    assert not alive(pid)


def test_what_is_not_essential_is_left_out(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP), Spec("b", BROKEN, essential=False))
    until(lambda: keeper.left_out)
    assert keeper.left_out == {"b": "no such table: runs"}
    assert alive(running(keeper, "a"))
    assert keeper.fault is None


def test_a_missing_program_is_a_sentence(keep: Keep) -> None:
    keeper = keep(Spec("a", ("/nowhere/at-all",)))
    assert keeper.wait(10)
    keeper.stop()
    assert keeper.fault
    assert "/nowhere/at-all cannot be started: No such file or directory." in keeper.fault


def test_a_foundation_that_cannot_start_is_a_fault_too(keep: Keep) -> None:
    keeper = keep(Spec("a", BROKEN, ready=lambda: False), Spec("b", SLEEP))
    assert keeper.wait(10)
    keeper.stop()
    assert keeper.fault
    assert keeper.fault.startswith("a died")
    assert not keeper.children["b"].log.exists()


def test_those_after_a_foundation_wait_for_it_and_end_before_it(keep: Keep, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    keeper = keep(Spec("a", SLEEP, ready=gate.exists), Spec("b", SLEEP))
    running(keeper, "a")
    assert keeper.pid("b") is None
    gate.touch()
    running(keeper, "b")


def test_environment_and_output_are_each_childs_own(keep: Keep) -> None:
    code = "import os, time; print(os.environ['NAME'], flush=True); time.sleep(60)"
    keeper = keep(*(Spec(name, (sys.executable, "-c", code), {"NAME": f"I am {name}"}) for name in "ab"))
    until(lambda: all(child.last_line() for child in keeper.children.values()))
    assert [child.last_line() for child in keeper.children.values()] == ["I am a", "I am b"]


def test_ctrl_c_in_the_terminal_does_not_reach_the_children(keep: Keep) -> None:
    keeper = keep(Spec("a", SLEEP))
    pid = running(keeper, "a")
    assert int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[2]) == pid  # its own group
    keeper.kill("a", signal.SIGINT)
    until(lambda: keeper.pid("a") not in (None, pid))

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybridops.cli.stack import QUEUES, Stack, StackError, usable_port
from hybridops.cli.supervisor import Spec
from tests.cli.processes import alive, script, until

# A stack whose processes are small: the broker is real, the site only says that it is well.
SMALL = """
import http.server, sys, time
from pathlib import Path
from hybridops.cli.stack import Stack
from hybridops.cli.supervisor import Spec

SITE = '''
import http.server, sys
class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
'''

class Small(Stack):
    def specs(self):
        web = Spec("web", (sys.executable, "-c", SITE, str(self.port)))
        return [*self._broker_specs(), web, Spec("worker-cpu", ("sleep", "60"))]

if __name__ == "__main__":
    with Small(Path(sys.argv[1]), port=0) as stack:
        stack.wait_ready(20)
        print(*(stack.pid(name) for name in stack.names))
        stack.run_forever()
    print("ended in order")
"""


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_busy_port_is_refused_in_one_sentence(tmp_path: Path, taken: int) -> None:
    with pytest.raises(StackError) as refusal:
        Stack(tmp_path, port=taken)
    assert str(refusal.value) == (
        f"Port {taken} is in use; choose another with --port, or any free one with --port 0."
    )


def test_port_0_takes_a_free_one(tmp_path: Path) -> None:
    stack = Stack(tmp_path, port=0)
    assert stack.port > 0
    assert stack.url == f"http://localhost:{stack.port}"


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("no-such-host.invalid", 8000), ("192.0.2.1", 0)]
)
def test_an_address_that_cannot_be_is_one_sentence(host: str, port: int) -> None:
    with pytest.raises(StackError, match="--port"):
        usable_port(host, port)


def test_it_runs_one_worker_a_queue_and_each_process_once(tmp_path: Path) -> None:
    workers = [f"worker-{queue}" for queue in QUEUES]
    assert Stack(tmp_path, port=0).names == ["broker", "web", *workers, "sweep", "courier", "simulator"]


def test_with_a_broker_of_ones_own_none_is_started(tmp_path: Path) -> None:
    stack = Stack(tmp_path, port=0, env={"REDIS_URL": "redis://127.0.0.1:6379/9"})
    assert "broker" not in stack.names
    assert {spec.env["REDIS_URL"] for spec in stack.specs()} == {"redis://127.0.0.1:6379/9"}


def test_workers_use_one_thread(tmp_path: Path) -> None:
    env = {spec.name: spec.env for spec in Stack(tmp_path, port=0).specs()}
    assert env["worker-cpu"]["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in env["web"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with script(SMALL, tmp_path) as process:
        assert process.stdout
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 3
        time.sleep(0.5)  # until it has come from its print to its waiting
        process.send_signal(number)
        assert process.stdout.read() == "ended in order\n"
    assert process.returncode == 0
    assert not any(alive(pid) for pid in pids)


def test_kill_9_leaves_none(tmp_path: Path) -> None:
    with script(SMALL, tmp_path) as process:
        assert process.stdout
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()
    until(lambda: not any(alive(pid) for pid in pids))


class Silent(Stack):
    def specs(self) -> list[Spec]:
        code = "import time; print('still migrating', flush=True); time.sleep(60)"
        return [Spec("web", (sys.executable, "-S", "-c", code))]


def test_a_site_that_never_answers_is_said_with_its_last_line(tmp_path: Path) -> None:
    with Silent(tmp_path, port=0) as stack, pytest.raises(StackError, match="still migrating"):
        stack.wait_ready(2)


def test_it_must_be_entered_first(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="not been started"):
        Stack(tmp_path, port=0).pid("web")


def test_a_data_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="set HYBRIDOPS_HOME"), Stack(tmp_path / "file", port=0):
        pass

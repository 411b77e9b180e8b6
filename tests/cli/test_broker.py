from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hybridops.cli.broker import SOCKET_BYTES_MAX, Broker, BrokerError, socket_path
from tests.cli.processes import alive, script, until

OWNER = """
import sys, time
from pathlib import Path
from hybridops.cli.broker import Broker
broker = Broker(Path(sys.argv[1]))
broker.start()
print(broker.pid)
time.sleep(60)
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    one.start()
    yield one
    one.stop()


def client(broker: Broker) -> redis.Redis:
    return redis.Redis.from_url(broker.url)


def test_it_answers_on_a_socket_of_its_owner_only(broker: Broker) -> None:
    assert client(broker).ping()
    assert stat.S_IMODE(broker.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700
    assert client(broker).config_get("port") == {"port": "0"}
    assert client(broker).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_what_was_written_survives_kill_9_and_a_new_start(broker: Broker) -> None:
    client(broker).set("said", "yes")
    client(broker).execute_command("WAITAOF", 1, 0, 2000)
    pid = broker.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not broker.answers())
    broker.stop()
    broker.start()
    assert client(broker).get("said") == b"yes"


def test_a_second_start_shares_it_and_does_not_end_it(broker: Broker) -> None:
    client(broker).set("said", "yes")
    second = Broker(broker.home)
    second.start()
    assert client(second).get("said") == b"yes"
    second.stop()
    assert client(broker).ping()


def test_who_shares_takes_over_when_the_first_ends(broker: Broker) -> None:
    client(broker).set("said", "yes")
    second = Broker(broker.home)
    second.start()
    try:
        broker.stop()
        until(second.answers)
        assert client(second).get("said") == b"yes"
    finally:
        second.stop()


def test_it_ends_with_its_owner_even_by_kill_9(tmp_path: Path) -> None:
    with script(OWNER, tmp_path) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        assert Broker(tmp_path).answers()
        owner.kill()
    until(lambda: not alive(pid))


def test_after_its_owner_was_killed_the_next_one_takes_over_at_once(tmp_path: Path) -> None:
    with script(OWNER, tmp_path) as owner:
        assert owner.stdout
        owner.stdout.readline()
        owner.kill()
    heir = Broker(tmp_path)
    heir.start()
    try:
        assert heir.pid
        until(heir.answers)  # what answered first may have been the other one's last word
    finally:
        heir.stop()


def test_a_folder_too_deep_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    broker = Broker(home)
    assert len(os.fsencode(broker.socket)) <= SOCKET_BYTES_MAX
    broker.start()
    try:
        assert client(broker).ping()
        assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700
    finally:
        broker.stop()
        broker.socket.parent.rmdir()


def test_two_folders_have_two_brokers(tmp_path: Path) -> None:
    assert socket_path(tmp_path / "a") != socket_path(tmp_path / "b")
    assert socket_path(tmp_path / ("x" * 200)) != socket_path(tmp_path / ("y" * 200))


def test_a_link_in_the_place_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "broker").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BrokerError, match="not a folder of yours"):
        Broker(tmp_path).start()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrokerError, match="set HYBRIDOPS_HOME to a folder of yours"):
        Broker(tmp_path / "file").start()

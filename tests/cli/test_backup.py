"""A copy is whole or none, and what comes back from it sends nothing until a person has looked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from hybridops.artifacts.services import fetch
from hybridops.audit.services import seal, sequence
from hybridops.bootstrap import ROOT
from hybridops.cli import backup as copying
from hybridops.cli import backup_database
from hybridops.domain.errors import Refused
from hybridops.engine.inline import drive
from hybridops.engine.signatures import verify_all
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.models import SpendingStop
from hybridops.quotas.queries import spending_stop
from tests.approvals.asking import ask, decide
from tests.engine.fake import CLOUD
from tests.experiments.test_snapshots import drive_to_attempt, sent
from tests.realdb import RealDatabase
from tests.stores import skip_or_fail

pytestmark = pytest.mark.slow  # real processes, killed and restored


@pytest.fixture
def house(real: RealDatabase) -> RealDatabase:
    """A world whose keys and artifacts lie where the settings say."""
    if connection.vendor != "sqlite":
        skip_or_fail("only SQLite is copied by us")
    return real


def everything() -> None:
    while sequence():
        pass
    seal()


def move_in(folder: Path, real: RealDatabase) -> int:
    """Restores over the database of the test, as into a new machine."""
    connection.close()
    for old in real.path.parent.glob(f"{real.path.name}*"):
        old.unlink()
    return copying.restore(folder)


def test_what_comes_back_is_what_was_copied_and_sends_nothing(house: RealDatabase, tmp_path: Path) -> None:
    request = ask(house.world)
    decide(house.world.mikkel, request)
    everything()
    size = copying.backup(tmp_path / "copy")
    assert size > 10
    move_in(tmp_path / "copy", house)
    assert Run.objects.get().pk == request.envelope["run"]
    assert fetch(house.world.snapshot.digest) == b"data"
    stop = spending_stop()
    assert stop is not None and "the providers are asked" in stop.why
    drive(request.envelope["run"])
    assert not sent()
    everything()
    assert verify_all().verified


def test_what_the_copy_meant_to_send_is_looked_up_before(house: RealDatabase, tmp_path: Path) -> None:
    request = ask(house.world)
    decide(house.world.mikkel, request)
    drive_to_attempt(request.envelope["run"])
    Submission.objects.update(sent_at=None)
    copying.backup(tmp_path / "copy")
    assert move_in(tmp_path / "copy", house) == 1
    assert Submission.objects.get().sent_at is not None and not CLOUD.jobs


def test_a_copy_that_is_older_than_what_was_published_is_told(house: RealDatabase, tmp_path: Path) -> None:
    everything()
    copying.backup(tmp_path / "copy")
    ask(house.world)
    everything()
    move_in(tmp_path / "copy", house)
    with pytest.raises(Refused):
        sequence()


@pytest.mark.parametrize("damage", ["no manifest", "a byte", "a file less", "a file more"])
def test_an_unfinished_or_altered_copy_is_refused(house: RealDatabase, tmp_path: Path, damage: str) -> None:
    copy = tmp_path / "copy"
    copying.backup(copy)
    if damage == "no manifest":
        (copy / copying.MANIFEST).unlink()
    elif damage == "a byte":
        with (copy / backup_database.SQLITE).open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x7f")
    elif damage == "a file more":
        (copy / "keys" / "another.pem").write_text("a key of somebody else's")
    else:
        next(path for path in (copy / "artifacts").rglob("*") if path.is_file()).unlink()
    with pytest.raises(Refused, match=r"no finished backup|missing or was altered|put into the backup later"):
        move_in(copy, house)
    assert not house.path.exists()


def test_nothing_is_written_over(house: RealDatabase, tmp_path: Path) -> None:
    copying.backup(tmp_path / "copy")
    with pytest.raises(Refused, match="not empty"):
        copying.backup(tmp_path / "copy")
    with pytest.raises(Refused, match="There is a database"):
        copying.restore(tmp_path / "copy")
    assert not SpendingStop.objects.exists()


CHILD = """
import django; django.setup()
import sys
from pathlib import Path
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[2]
from hybridops.cli import backup
getattr(backup, sys.argv[1])(Path(sys.argv[3]))
"""


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1])
def test_a_restore_that_is_killed_leaves_no_database_that_could_spend(
    house: RealDatabase, tmp_path: Path, after: float
) -> None:
    """Killed wherever it is: either there is no database yet and it is done again, or spending is stopped in it."""
    copy, target = tmp_path / "copy", tmp_path / "new.sqlite3"
    copying.backup(copy)
    words = [sys.executable, "-c", CHILD, "restore", str(target), str(copy)]
    child = subprocess.Popen(words, cwd=ROOT, env=_env())
    part, deadline = target.with_name("new.sqlite3.restored"), time.monotonic() + 30
    while not part.exists() and not target.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    connection.close()
    connection.settings_dict["NAME"] = str(target)
    if not target.exists():
        copying.restore(copy)
    assert spending_stop() is not None


def _env() -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "hybridops.config.settings",
        "HYBRIDOPS_HOME": str(settings.HOME),
    }


def test_the_commands_copy_a_house_into_a_new_one(tmp_path: Path) -> None:
    """From outside: `restore` runs where there is no database, and opens none before its own."""
    old, new, copy = tmp_path / "old", tmp_path / "new", tmp_path / "copy"
    for home, *words in (
        (old, "migrate", "-v0"),
        (old, "backup", str(copy)),
        (new, "restore", str(copy)),
        (new, "verify"),
    ):
        env = _env() | {"HYBRIDOPS_HOME": str(home)}
        done = subprocess.run([sys.executable, "-m", "django", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    assert (new / "hybridops.sqlite3").exists()

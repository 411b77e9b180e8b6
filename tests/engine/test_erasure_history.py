"""A person of the demo is erased from a stretch of its history, which the real services made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops.bootstrap import ROOT

CHILD = """
import django; django.setup()
from itertools import islice
from hybridops.cli.rehearsal import history, people
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.states import RunState
from hybridops.engine.erasing import erase_person
from hybridops.engine.leavers import put_out
from hybridops.engine.signatures import verify_all
from hybridops.audit.services import seal, sequence
from hybridops.approvals.models import Decision
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from tests.engine.test_erasure import found
from tests.migrated import set_up

def everything():
    while sequence():
        pass
    seal()

set_up()
people.found_demo(clock.now().date())
for _ in islice(history.make(clock.now()), 14):
    pass
assert verify_all().verified, verify_all().findings
busiest = max(User.objects.all(), key=lambda user: Decision.objects.filter(person=user).count())
names = [busiest.name, busiest.email]
assert found(*names)
put_out(user=busiest, successor=None, why="left", actor=SYSTEM)
busiest.refresh_from_db()
gone = erase_person(user=busiest, actor=SYSTEM, why="asked")
everything()
report = verify_all()
left = found(*names)
print(len(Run.objects.exclude(outcome="")), gone, report.verified, report.erased, sorted(left), report.findings[:3])
"""


@pytest.mark.slow
def test_a_person_is_erased_from_the_demo_s_history(tmp_path: Path) -> None:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "hybridops.config.settings", "HYBRIDOPS_HOME": str(tmp_path), "HYBRIDOPS_DEMO": "1",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    runs, gone, verified, erased, *rest = done.stdout.split()
    assert int(runs) >= 10 and int(gone) > 5 and verified == "True" and int(erased) >= int(gone)
    assert rest[0] == "[]", done.stdout

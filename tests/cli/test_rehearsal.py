"""The demo's past begins with the world it happens in, whatever day it is started on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.cli.rehearsal import history
from hybridops.cli.rehearsal.people import HISTORY_DAYS


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@settings(max_examples=20, deadline=None)
def test_no_run_is_older_than_the_first_budget(now: datetime) -> None:
    planned = history.plan(now)
    assert min(run.at for run in planned) >= now - timedelta(days=HISTORY_DAYS)
    assert max(run.at for run in planned) < now

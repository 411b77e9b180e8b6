from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hybridops.domain.errors import Refused
from hybridops.domain.presence import FRESH, Method, Presence, check_presence

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STRONG = (Method.PASSKEY, Method.CODE)


@pytest.mark.parametrize(
    ("method", "age", "enough"),
    [
        (Method.PASSKEY, timedelta(0), True),
        (Method.CODE, FRESH, True),
        (Method.CODE, FRESH + timedelta(seconds=1), False),
        (Method.CODE, timedelta(seconds=-1), False),
        (Method.SESSION, timedelta(0), False),
        (Method.REHEARSAL, timedelta(0), False),
    ],
)
def test_only_a_fresh_proof_of_an_accepted_kind_is_enough(
    method: Method, age: timedelta, enough: bool
) -> None:
    shown = Presence(method, NOW - age)
    if enough:
        check_presence(shown, accepted=STRONG, now=NOW)
    else:
        with pytest.raises(Refused):
            check_presence(shown, accepted=STRONG, now=NOW)


def test_nothing_accepted_refuses_everything() -> None:
    for method in Method:
        with pytest.raises(Refused):
            check_presence(Presence(method, NOW), accepted=(), now=NOW)

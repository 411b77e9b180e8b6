"""What the vendors' adapters share."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused, ProviderUnclear
from hybridops.domain.ports import RemoteState
from hybridops.providers import remote
from hybridops.providers.remote import Meaning, Pause

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, 0), ("", 0), ("7", 7), ("0.5", 0.5), ("-3", 0), ("soon", 0),
        (format_datetime(NOW + timedelta(seconds=90)), 90), (format_datetime(NOW - timedelta(days=1)), 0),
        (format_datetime((NOW + timedelta(seconds=90)).replace(tzinfo=None)), 90),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(told: str | None, seconds: float) -> None:
    assert remote.retry_after(told, now=lambda: NOW) == seconds


def test_a_pause_is_kept_by_waiting_or_by_not_asking() -> None:
    moment, naps = [0.0], []
    pause = Pause("Acme", patience_seconds=5, now=lambda: moment[0], sleep=naps.append)
    pause.keep()
    pause.note(4)
    pause.note(1)  # a later, shorter word does not shorten the first
    pause.keep()
    assert naps == [4]
    pause.note(60)
    with pytest.raises(ProviderRefused, match="Acme asks for patience; ask again in 60 seconds") as caught:
        pause.keep()
    assert caught.value.kind == "rate_limit"
    moment[0] = 61.0
    pause.keep()
    assert naps == [4]


@given(
    st.dictionaries(st.text("01", min_size=1, max_size=4), st.floats(0.001, 1.0), min_size=1, max_size=8),
    st.integers(1, 10_000),
)
def test_shares_become_whole_shots_that_add_up(weights: dict[str, float], shots: int) -> None:
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items()}
    counts = remote.whole(shares, shots)
    assert counts.total() == shots
    assert all(abs(counts[name] - share * shots) < 1 + 1e-6 for name, share in shares.items())
    assert remote.whole(dict(reversed(shares.items())), shots) == counts


@pytest.mark.parametrize("shares", [{"0": -0.1, "1": 1.1}, {"0": 0.5}, {"0": 0.9, "1": 0.9}])
def test_what_are_no_shares_is_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no shares"):
        remote.whole(shares, 10)


def test_shots_are_drawn_from_chances_by_a_seed() -> None:
    first = remote.drawn({"0": 0.25, "1": 0.75}, 4000, "job-1")
    assert first == remote.drawn({"0": 0.25, "1": 0.75}, 4000, "job-1")
    assert first != remote.drawn({"0": 0.25, "1": 0.75}, 4000, "job-2")
    assert Counter(first).total() == 4000
    assert abs(first["0"] - 1000) < 150


def test_a_new_word_is_unknown_and_ends_nothing() -> None:
    state = remote.state_of({"DONE": RemoteState.COMPLETED}, "ALMOST_DONE")
    assert state is RemoteState.UNKNOWN
    assert not state.final


@pytest.mark.parametrize(
    ("certain", "submits", "kind"),
    [(True, True, ProviderRefused), (False, True, ProviderUnclear), (True, False, ProviderError)],
)
def test_only_a_submission_is_certain_or_not(certain: bool, submits: bool, kind: type) -> None:
    assert type(remote.problem_of(Meaning("timeout", certain), "No.", submits=submits)) is kind


class NewConnectionError(Exception):
    """As urllib3 calls a connection that was never made."""


def test_without_a_connection_it_is_certain_however_deep_that_lies() -> None:
    def caught(inner: Exception) -> Exception:
        try:
            try:
                raise inner
            except Exception as problem:
                raise OSError("wrapped") from problem
        except OSError as problem:
            return problem

    assert isinstance(remote.unanswered("Acme", caught(NewConnectionError()), submits=True), ProviderRefused)
    assert isinstance(remote.unanswered("Acme", caught(TimeoutError()), submits=True), ProviderUnclear)


@pytest.mark.parametrize(
    "problem",
    [BadInput("no room"), ProviderError("late.", kind="timeout"), ProviderUnclear("late.", kind="timeout")],
)
def test_before_sending_everything_is_certain(problem: Exception) -> None:
    with pytest.raises(ProviderRefused), remote.before_sending():
        raise problem


def test_an_answer_that_cannot_be_read_says_no_more_than_that() -> None:
    unread = pytest.raises(ProviderUnclear, match=r"An answer of Acme cannot be read \(KeyError\)")
    with unread as caught, remote.reading("Acme", submits=True):
        {}["the-secret-word"]
    assert caught.value.kind == "malformed"
    assert "the-secret-word" not in str(caught.value)


def test_messages_are_one_short_sentence_without_what_is_hidden() -> None:
    assert remote.sentence("key hush\n is\twrong", hide=("hush", "")) == "key … is wrong."
    assert len(remote.sentence("x" * 1000)) <= remote.MESSAGE_MAX + 1
    assert remote.sentence("Why?") == "Why?"

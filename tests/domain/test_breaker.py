"""The breaker as a rule: what opens it and what does not, one trial at a time, growing times, the same moves again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain import breaker as rule
from hybridops.domain.breaker import Breaker, BreakerRules, Heard, Move, Verdict, breaker_rules
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.shares import rules
from hybridops.domain.states import BREAKER_MOVES, BreakerState, check_move

S = BreakerState
SOUND, FAULT, NOTHING = Verdict.SOUND, Verdict.FAULT, Verdict.NOTHING
RULES = BreakerRules(
    faults=3, share=0.5, window_seconds=100.0, open_seconds=10.0, growth=2.0, open_seconds_max=50.0
)


@dataclass
class Line:
    """A breaker with what it heard and the moves it made, driven as the record drives it."""

    rules: BreakerRules = RULES
    breaker: Breaker = field(default_factory=Breaker)
    heard: list[Heard] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    passed: list[tuple[float, str]] = field(default_factory=list)
    hear_rule: Callable[..., Move | None] = rule.hear
    admit_rule: Callable[..., Move | None] = rule.admit

    def hear(self, at: float, verdict: Verdict, job: str = "") -> None:
        one = Heard(job, verdict, at)
        if verdict != NOTHING:
            self.heard.append(one)
        self._made(self.hear_rule(self.breaker, one, self.heard, self.rules))

    def ask(self, at: float, job: str) -> bool:
        """Whether the job was let through."""
        try:
            self._made(self.admit_rule(self.breaker, job, at))
        except Conflict:
            return False
        self.passed.append((at, job))
        return True

    def _made(self, move: Move | None) -> None:
        if move is not None:
            self.moves.append(move)
            self.breaker = move.after


def tripped(at: float = 0.0) -> Line:
    line = Line()
    for _ in range(3):
        line.hear(at, FAULT)
    return line


def test_three_faults_open_it_for_a_time_and_say_why() -> None:
    line = tripped()
    assert (line.breaker.state, line.breaker.until) == (S.OPEN, 10.0)
    assert line.moves[0].why == "3 of the last 3 jobs failed there"
    assert not line.ask(9.9, "early")
    assert line.ask(10.0, "trial")


def test_faults_that_are_old_or_a_small_part_do_not_open_it() -> None:
    line = Line()
    for at in (0.0, 60.0, 120.0, 180.0):
        line.hear(at, FAULT)
    assert line.breaker.state == S.CLOSED
    busy = Line()
    for at in range(7):
        busy.hear(float(at), SOUND)
    for at in range(7, 13):
        busy.hear(float(at), FAULT)
    assert busy.breaker.state == S.CLOSED
    busy.hear(13.0, FAULT)
    assert busy.breaker.state == S.OPEN  # 7 of 14


def test_one_trial_at_a_time_and_its_end_decides() -> None:
    line = tripped()
    assert line.ask(10.0, "trial")
    assert not line.ask(11.0, "other")
    assert line.ask(11.0, "trial")  # the same work asks again, after a crash
    line.hear(12.0, SOUND, "sent before")
    line.hear(12.0, FAULT, "sent before")
    assert line.breaker.state == S.HALF_OPEN
    line.hear(13.0, SOUND, "trial")
    assert line.breaker == Breaker(S.CLOSED, 13.0)
    line.hear(14.0, FAULT)
    assert line.breaker.state == S.CLOSED, "what came before it closed does not count again"


def test_each_opening_in_a_row_lasts_longer_up_to_the_longest() -> None:
    line, lasted, at = tripped(), [], 0.0
    for number in range(5):
        until = line.breaker.until
        assert until is not None
        lasted.append(until - at)
        at = until
        assert line.ask(at, f"trial {number}")
        line.hear(at, FAULT, f"trial {number}")
    assert lasted == [10.0, 20.0, 40.0, 50.0, 50.0]


def test_a_trial_that_tells_nothing_lets_another_try() -> None:
    line = tripped()
    line.ask(10.0, "cancelled")
    line.hear(11.0, NOTHING, "cancelled")
    assert (line.breaker.state, line.breaker.openings) == (S.OPEN, 1)
    assert line.ask(11.0, "next")


def test_a_person_holds_it_until_a_person_closes_it() -> None:
    line = Line(breaker=rule.by_hand(Breaker(), S.HELD, "as announced", 5.0).after)
    assert not line.ask(1e9, "any")
    line.hear(6.0, SOUND, "sent before")
    assert line.breaker.state == S.HELD
    with pytest.raises(Conflict, match="already"):
        rule.by_hand(line.breaker, S.HELD, "again", 7.0)
    line.breaker = rule.by_hand(line.breaker, S.CLOSED, "over", 8.0).after
    assert line.ask(8.0, "any")
    assert rule.by_hand(tripped().breaker, S.CLOSED, "mended", 1.0).after == Breaker(S.CLOSED, 1.0)


@pytest.mark.parametrize("kind", ["invalid_program", "too_large", "budget", "rate_limit", "conflict", ""])
def test_what_is_no_fault_of_the_vendors_says_nothing(kind: str) -> None:
    assert rule.verdict(kind) == NOTHING


def test_what_the_vendor_did_is_its_fault_also_where_the_word_is_new() -> None:
    assert {rule.verdict(kind) for kind in ("backend_down", "timeout", "provider_fault", "unheard_of")} == {
        FAULT
    }


@pytest.mark.parametrize(
    ("told", "field_"),
    [({"faults": 0}, "faults"), ({"share": 0.0}, "faults"), ({"open_seconds": 0.0}, "open_seconds"),
     ({"open_seconds": 9.0, "open_seconds_max": 8.0}, "open_seconds"), ({"growth": 0.5}, "growth"), ({"speed": 1}, "speed")],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused(told: dict[str, float], field_: str) -> None:
    with pytest.raises(BadInput) as caught:
        breaker_rules(told)
    assert caught.value.field == field_
    assert rules({"breaker": {"faults": 5}}).breaker.faults == 5


# A history: time passes, then something ends (of the trial, where there is one, or of other work) or wants to pass.
STEP = st.tuples(
    st.floats(0.0, 60.0), st.sampled_from(("ask", "trial", "other")), st.sampled_from((SOUND, FAULT, NOTHING))
)
RULE = st.builds(
    BreakerRules, faults=st.integers(1, 4), share=st.sampled_from((0.1, 0.5, 1.0)),
    window_seconds=st.floats(1.0, 500.0), open_seconds=st.floats(0.5, 50.0), growth=st.floats(1.0, 10.0),
    open_seconds_max=st.floats(50.0, 500.0),
)  # fmt: skip


def driven(line: Line, steps: list[tuple[float, str, Verdict]]) -> Line:
    now = 0.0
    for number, (passes, what, verdict) in enumerate(steps):
        now += passes
        if what == "ask":
            line.ask(now, f"job {number}")
        else:
            line.hear(now, verdict, line.breaker.trial if what == "trial" else f"old {number}")
    return line


def check(line: Line) -> None:
    """What holds of every history, from the moves and from what passed alone."""
    state, since, trial, openings = S.CLOSED, 0.0, "", 0
    for move in line.moves:
        check_move(BREAKER_MOVES, move.before.state, move.after.state)
        after = move.after
        assert (move.before.state, move.after.since) == (state, move.at) and move.why
        passed = [job for at, job in line.passed if since < at < move.at]
        if state == S.OPEN:
            assert not passed, "something passed while it was open"
        if state == S.HALF_OPEN:
            assert set(passed) <= {trial}, "more than the trial passed"
        assert bool(after.trial) == (after.state == S.HALF_OPEN)
        if after.state == S.HALF_OPEN:
            assert move.before.until is not None and move.at >= move.before.until
        if after.state == S.OPEN and after.openings > openings:
            assert after.until == move.at + line.rules.open_for(after.openings)
            assert after.openings == openings + 1
            assert any(one.verdict == FAULT and one.at == move.at for one in line.heard)
        if state == S.CLOSED:
            near = [
                one
                for one in line.heard
                if max(since, move.at - line.rules.window_seconds) <= one.at <= move.at
            ]
            assert sum(one.verdict == FAULT for one in near) >= line.rules.faults
        if after.state == S.CLOSED:
            assert any(one.job == trial and one.verdict == SOUND for one in line.heard)
        state, since, trial = after.state, move.at, after.trial
        openings = after.openings


@given(RULE, st.lists(STEP, max_size=60))
def test_every_history_is_lawful_and_comes_out_the_same_again(
    made: BreakerRules, steps: list[tuple[float, str, Verdict]]
) -> None:
    first, second = driven(Line(made), steps), driven(Line(made), steps)
    check(first)
    assert first.moves == second.moves


@given(RULE, st.lists(STEP, max_size=40))
def test_it_never_stays_shut_for_ever(made: BreakerRules, steps: list[tuple[float, str, Verdict]]) -> None:
    """Whatever went before: once what comes back is sound, one trial later everything passes."""
    line = driven(Line(made), steps)
    later = 1e7
    if line.breaker.state == S.HALF_OPEN:
        line.hear(later, SOUND, line.breaker.trial)
    assert line.ask(later, "last")
    line.hear(later, SOUND, "last")
    assert line.breaker.state == S.CLOSED


def _two_trials(breaker: Breaker, job: str, now: float) -> Move | None:
    return None if breaker.state == S.HALF_OPEN else rule.admit(breaker, job, now)


def _early(breaker: Breaker, job: str, now: float) -> Move | None:
    move = rule.admit(replace(breaker, until=(breaker.until or 0.0) - 3.0), job, now)
    return replace(move, before=breaker) if move else None


def _anybodys(breaker: Breaker, heard: Heard, recent: list[Heard], made: BreakerRules) -> Move | None:
    return rule.hear(breaker, replace(heard, job=breaker.trial), recent, made)


def _no_window(breaker: Breaker, heard: Heard, recent: list[Heard], made: BreakerRules) -> Move | None:
    return rule.hear(breaker, heard, recent, replace(made, window_seconds=1e9))


def _one_less(breaker: Breaker, heard: Heard, recent: list[Heard], made: BreakerRules) -> Move | None:
    return rule.hear(breaker, heard, recent, replace(made, faults=max(1, made.faults - 1)))


def _no_growth(breaker: Breaker, heard: Heard, recent: list[Heard], made: BreakerRules) -> Move | None:
    return rule.hear(breaker, heard, recent, replace(made, growth=1.0))


def _remembers(breaker: Breaker, heard: Heard, recent: list[Heard], made: BreakerRules) -> Move | None:
    closed = breaker.state == S.CLOSED
    move = rule.hear(replace(breaker, since=0.0) if closed else breaker, heard, recent, made)
    return replace(move, before=breaker) if move else None


@pytest.mark.parametrize(
    "broken",
    [{"admit_rule": _two_trials}, {"admit_rule": _early}, {"hear_rule": _anybodys}, {"hear_rule": _no_window},
     {"hear_rule": _one_less}, {"hear_rule": _no_growth}, {"hear_rule": _remembers}],
    ids=lambda broken: next(iter(broken.values())).__name__.strip("_"),
)  # fmt: skip
def test_a_broken_rule_is_found(broken: dict[str, Callable[..., Move | None]]) -> None:
    """Histories from fixed seeds: at least one of them is unlawful under every mutant."""
    from random import Random

    def found(seed: int) -> bool:
        draw = Random(seed)
        whats, verdicts = ("ask", "trial", "other"), (SOUND, FAULT, FAULT, NOTHING)
        steps = [(draw.uniform(0, 30), draw.choice(whats), draw.choice(verdicts)) for _ in range(60)]
        try:
            check(driven(Line(RULES, **broken), steps))  # type: ignore[arg-type]
        except AssertionError:
            return True
        return False

    assert any(found(seed) for seed in range(60))

"""The variational loop as a pure function of what came back: which circuits are next, and where it stands.

A sweep reads the present point and, for each parameter, as many neighbours as its curve has unknowns; then every
parameter goes to the lowest point of its own curve at once. When no step is larger than its error the last
submission repeats the best point, most often in the setting that spreads most, beside references whose answer is
known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput, StepOutput
from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.readout import Reading, reading, shared_out, together
from hybridops.solvers.sinusoids import Turn, lowest_turn, offsets
from hybridops.workflows.molecules_circuit import (
    Bindings,
    Plan,
    Point,
    neighbours,
    plan_of,
    references,
    turned,
    values,
)
from hybridops.workflows.molecules_settings import settings_of, start_point
from hybridops.workflows.pauli_json import parse
from hybridops.workflows.register_shots import Shots, read_samples

_STEP_ERRORS = 2.0  # a step below so many standard errors is no step
_GAIN_ENOUGH = 1e-4  # Hartree: less than a sixteenth of chemical accuracy is not worth a submission
_SAME_ANGLE = 1e-9

type Circuits = list[tuple[Point, int]]  # a parameter point and the number of its setting


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One submission: its point, its circuits, and the counts of each (None where they are missing)."""

    centre: Point
    circuits: Circuits
    counts: tuple[Shots | None, ...]
    final: bool

    def shots_at(self, point: Point, setting: int) -> Shots | None:
        """All counts of a point in a setting, together."""
        rows = zip(self.circuits, self.counts, strict=True)
        found = [shots for circuit, shots in rows if circuit == (point, setting) and shots is not None]
        if not found:
            return None
        states, at = np.unique(np.concatenate([shots.states for shots in found]), return_inverse=True)
        seen = np.bincount(at, np.concatenate([shots.seen for shots in found]), len(states))
        return Shots(states, seen.astype(np.int64), sum(shots.unreadable for shots in found))


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """What happened so far, and the circuits of the next submission; none once it is done."""

    rounds: tuple[Round, ...]
    ahead: Circuits


def next_step(step: StepInput) -> StepOutput:
    """The bindings of the next submission, or the end."""
    plan = plan_of(parse(step.problem))
    ahead = followed(step, plan).ahead
    if not ahead:
        return StepOutput({"step": "next", "more": False})
    return StepOutput({"step": "next", "more": True, "bindings": bindings(plan, ahead)})


def bindings(plan: Plan, circuits: Circuits) -> Bindings:
    """The values of every input, circuit by circuit."""
    return [values(plan, point, plan.settings[setting]) for point, setting in circuits]


def followed(step: StepInput, plan: Plan) -> Loop:
    """The whole loop again, from its start through every result.

    The last submission that the approval allows repeats the best point, however few there were.
    """
    most = settings_of(step.parameters).submissions
    centre, settled = start_point(step, plan), False
    rounds: list[Round] = []
    spreads: list[float] = []
    for sample, sent in zip(step.samples, step.bindings, strict=False):
        last = _repeated(plan, centre, spreads)
        final = settled or len(rounds) == most - 1 or _all_same(bindings(plan, last), sent)
        circuits = last if final else _sweep(plan, centre)
        found = Round(centre, circuits, _counted(plan, circuits, sample, sent), final)
        rounds.append(found)
        if final or len(rounds) == most:
            return Loop(tuple(rounds), [])
        spreads = [part.spread if part else 0.0 for part in readings(plan, found, centre)]
        centre, settled = _moved(plan, found)
    final = settled or len(rounds) == most - 1 or step.submissions_left == 1
    return Loop(tuple(rounds), _repeated(plan, centre, spreads) if final else _sweep(plan, centre))


def readings(plan: Plan, found: Round, point: Point) -> list[Reading | None]:
    """What each setting says of the energy at a point, from this submission alone."""
    parts = [found.shots_at(point, at) for at in range(len(plan.settings))]
    return [
        reading(setting, shots.states, shots.seen) if shots is not None else None
        for setting, shots in zip(plan.settings, parts, strict=True)
    ]


def _sweep(plan: Plan, centre: Point) -> Circuits:
    return [(point, at) for point in neighbours(plan, centre) for at in range(len(plan.settings))]


def _repeated(plan: Plan, centre: Point, spreads: Sequence[float]) -> Circuits:
    """The best point in every circuit that the approval allows, but for the references."""
    known = spreads if len(spreads) == len(plan.settings) else [1.0] * len(plan.settings)
    known_answers: Circuits = [(one.point, one.setting) for one in references(plan)]
    times = shared_out(known, plan.bindings_max - len(known_answers))
    return [(centre, at) for at, often in enumerate(times) for _ in range(often)] + known_answers


def _counted(
    plan: Plan, circuits: Circuits, sample: SampleSet, sent: Sequence[Mapping[str, float]]
) -> tuple[Shots | None, ...]:
    """The counts of each circuit; a circuit that was not sent as it is known here counts as missing."""
    expected = bindings(plan, circuits)
    rows = list(zip(sent, sample.parts, strict=False))
    found: list[Shots | None] = []
    for at, wanted in enumerate(expected):
        same = at < len(rows) and _same(wanted, rows[at][0])
        found.append(_shots(plan, sample, rows[at][1]) if same else None)
    return tuple(found)


def _shots(plan: Plan, sample: SampleSet, part: Mapping[str, int]) -> Shots:
    one = SampleSet(part, 0, 0, sample.backend, sample.calibration_digest, 0.0, {})
    return read_samples([one], plan.template.qubits)


def _all_same(wanted: Bindings, sent: Sequence[Mapping[str, float]]) -> bool:
    return len(wanted) == len(sent) and all(map(_same, wanted, sent))


def _same(wanted: Mapping[str, float], sent: Mapping[str, float]) -> bool:
    return set(wanted) == set(sent) and all(abs(sent[name] - wanted[name]) < _SAME_ANGLE for name in wanted)


def _moved(plan: Plan, found: Round) -> tuple[Point, bool]:
    """Where the loop goes from a sweep, and whether it has arrived there."""
    points = neighbours(plan, found.centre)
    energies = [together(readings(plan, found, point)) for point in points]
    turns: dict[int, Turn] = {}
    at = 1
    for number, half in enumerate(plan.template.halves):
        near = [energies[0], *energies[at : at + len(offsets(half))]]
        at += len(offsets(half))
        read = [one for one in near if one is not None]
        if len(read) == len(near):
            turns[number] = lowest_turn(half, *_columns(read))
    moved = turned(plan, found.centre, {number: turn.angle for number, turn in turns.items()})
    small = all(abs(turn.angle) <= _STEP_ERRORS * turn.error for turn in turns.values())
    return moved, small or sum(turn.gain for turn in turns.values()) < _GAIN_ENOUGH


def _columns(read: Sequence[Reading]) -> tuple[Floats, Floats]:
    return np.array([one.energy for one in read]), np.sqrt([one.variance for one in read])


def kept(shots: Shots, allowed: Ints) -> Shots:
    """Post-selection: only the shots whose outcome a state of the template can give."""
    inside = np.isin(shots.states, allowed)
    return Shots(shots.states[inside], shots.seen[inside], 0)

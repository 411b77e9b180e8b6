"""What a variational run leaves behind: its energies, submission by submission, for the page and for download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.solvers.readout import Reading
from hybridops.trust.canonical import canonical
from hybridops.workflows.molecules_circuit import Plan
from hybridops.workflows.molecules_estimate import Estimate

HARTREE = 1e-3  # of one mHa


def artifacts(
    plan: Plan,
    source: str,
    found: Sequence[Estimate],
    arms: Mapping[str, Mapping[str, Any]],
    *,
    best: float,
    accuracy: float,
) -> dict[str, bytes]:
    """`solution`: every submission with its parameters; `picture`: the same as a curve. `best`: of the template."""
    rows = [
        {
            "submission": number,
            "final": one.final,
            "parameters": list(one.centre),
            "energy": one.answer and one.answer.energy,
            "standard_error": one.answer and one.answer.variance**0.5,
            "energy_post_selected": one.selected and one.selected.energy,
            "energy_as_measured": one.raw and one.raw.energy,
            "right_electrons": one.right_share,
            "damping": one.damping and one.damping.energy,
            "offset": one.offset and one.offset.energy,
            "whole_pairs": one.whole / one.z_shots if one.z_shots else 0.0,
        }
        for number, one in enumerate(found, start=1)
    ]
    marks = {"exact": arms["baseline"]["energy"], "hartree_fock": arms["heuristic"]["energy"]}
    energies = {**marks, "template_best": best}
    solution = {
        "source": source,
        "unit": "Hartree",
        "energies": energies,
        "chemical_accuracy": accuracy * HARTREE,
        "settings": [setting.bases for setting in plan.settings],
        "submissions": rows,
    }
    drawn = {
        "kind": "energy",
        "source": source,
        **marks,
        "accuracy": accuracy * HARTREE,
        "points": [_point(number, one, one.answer) for number, one in enumerate(found, start=1)],
    }
    return {"solution": canonical(solution), "picture": canonical(drawn)}


def _point(number: int, one: Estimate, read: Reading | None) -> dict[str, Any]:
    return {
        "submission": number,
        "energy": read and read.energy,
        "error": read and read.variance**0.5,
        "final": one.final,
    }

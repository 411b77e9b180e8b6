"""The honesty control: whether a QPU is needed before any money is promised to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.verdict import judge

# What may make a QPU needless, cheapest first, as people call it. The plain heuristic is where a run starts from.
CONTROLS = {
    "roof_duality": "roof duality",
    "baseline": "the best classical solver",
    "random": "random bits, treated alike",
}


@dataclass(frozen=True, slots=True)
class Control:
    """`reached_by`: the controls that already keep the signed acceptance rule, by their names in CONTROLS."""

    reached_by: tuple[str, ...]
    objectives: Mapping[str, float | None]

    @property
    def needed(self) -> bool:
        return not self.reached_by

    @property
    def why(self) -> str:
        """Who does without a QPU, as the second half of a sentence; empty where nobody does."""
        if self.needed:
            return ""
        told = [f"{CONTROLS[name]} ({self.objectives[name]:.10g})" for name in self.reached_by]
        words = " and ".join((", ".join(told[:-1]), told[-1])) if len(told) > 1 else told[0]
        keep = "keep" if len(told) > 1 else "keeps"
        return f"{words} {keep} the acceptance rule already"

    def document(self) -> dict[str, Any]:
        """JSON for reviewers."""
        return {"reached_by": list(self.reached_by), "objectives": dict(self.objectives), "why": self.why}


def control(rule: Mapping[str, Any], arms: Mapping[str, float | None]) -> Control:
    """Judges each of CONTROLS in `arms` as if it were the quantum answer, by the rule that judges that.

    `arms` holds the heuristic as well, None for an arm without a usable answer. Raises BadInput for a rule that
    `judge` does not know.
    """
    known = {name: arms.get(name) for name in ("heuristic", "baseline", "random")}
    reached = [name for name in CONTROLS if judge(rule, known | {"quantum": arms.get(name)}).accepted]
    return Control(tuple(reached), {name: arms[name] for name in ("heuristic", *CONTROLS) if name in arms})

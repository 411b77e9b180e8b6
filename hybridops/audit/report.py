"""What a check of the log found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the check, in words, and how many faults it found."""

    words: str
    faults: int


@dataclass(slots=True)
class Report:
    """`findings` name what is wrong, first things first; `first_bad` is the first place in the log that is.

    `tail` counts events not yet under a signed root, `erased` personal texts that were taken away.
    """

    events: int = 0
    leaves: int = 0
    sealed: int = 0
    tail: int = 0
    erased: int = 0
    first_bad: int | None = None
    findings: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.findings

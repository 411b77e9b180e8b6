"""The guide's answer: what reads the file, in a sentence."""

from __future__ import annotations

from django.utils.safestring import SafeString

from hybridops.engine.guide import Reading
from hybridops.web.answers import bold, joined, listed


def answer(readings: list[Reading] | None) -> SafeString:
    if readings is None:
        return joined([bold("Which workflow fits your problem?"), "Choose its file; nothing of it is kept."])
    able = [reading.definition.title for reading in readings if not reading.why_not]
    if not able:
        return joined([bold("No workflow here reads this file."), "Below is what each of them expected."])
    return joined(
        [bold(f"{listed(able, last='or')} reads it."), "A run says first whether a QPU is needed at all."]
    )

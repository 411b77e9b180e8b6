"""Small pieces every page wears: icons, states, kinds of compute, textures, the chosen theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.data import in_words
from hybridops.teams.models import Project
from hybridops.web import figures

register = template.Library()
KINDS = {"person": "Person", "cpu": "CPU", "gpu": "GPU", "qpu": "QPU"}
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Look:
    """State = glyph + word + fill. Colour is the fourth cue, never the only one."""

    word: str
    glyph: str
    css: str = ""


LOOKS: dict[str, Look] = {
    "queued": Look("Queued", "ring", "queued"),
    "validated": Look("Checked", "check"),
    "awaiting_approval": Look("Waiting for approval", "person", "waiting"),
    "approved": Look("Approved", "seal"),
    "reserved": Look("Ready to send", "lock"),
    "submitted": Look("In provider queue", "wait", "dashed"),
    "running": Look("Running", "run", "running pill"),
    "retrieved": Look("Results in", "dl"),
    "scored": Look("Completed", "check"),
    "accepted": Look("Accepted", "seal", "accepted"),
    "not_accepted": Look("Not accepted", "no", "soft"),
    "degraded": Look("Completed, degraded", "half", "degraded"),
    "refused": Look("Refused", "x", "plain-3"),
    "expired": Look("Lapsed", "clock", "plain-3"),
    "cancelled": Look("Cancelled", "slash", "cancelled"),
    "failed": Look("Failed", "x", "failed"),
    # reasons shown with a state, or states of other machines
    "draft": Look("Draft", "ring", "queued"),
    "held": Look("Held", "clock", "outline"),
    "cancelling": Look("Cancelling", "slash", "running pill"),
    "changes_requested": Look("Changes asked", "person", "outline"),
    "pending": Look("Waiting for approval", "person", "waiting"),
    "rejected": Look("Rejected", "x", "plain-3"),
    "withdrawn": Look("Withdrawn", "slash", "cancelled"),
    "stale": Look("Changed since", "swap", "outline"),
    "consumed": Look("Used", "seal"),
    "unknown": Look("Not known yet", "warn", "outline"),
    "ready": Look("Ready", "ring", "queued"),
    "done": Look("Done", "check"),
    "skipped": Look("Skipped", "same", "plain-3"),
    "fell_back": Look("Fell back", "half", "degraded"),
    "settled": Look("Settled", "check"),
    "edited": Look("Draft", "ring", "queued"),
    "in_review": Look("Waiting for a review", "person", "waiting"),
    "signed": Look("Signed", "seal", "accepted"),
    "active": Look("In force", "seal", "accepted"),
    "deprecated": Look("Deprecated", "clock", "outline"),
    "retired": Look("Retired", "no", "plain-3"),
    "sent": Look("Sent", "check"),
    "given_up": Look("Not delivered", "warn", "failed"),
    "dropped": Look("Not sent", "slash", "cancelled"),
    "released": Look("Released", "same", "plain-3"),
}
YOURS = Look("Waiting for you", "person", "waiting")


@register.simple_tag
def look(state: object, yours: object = False) -> Look:
    """`{% look run.state mine as s %}`; a state nobody described is shown in its own words."""
    code = str(state)
    if yours and code in ("awaiting_approval", "pending"):
        return YOURS
    return LOOKS.get(code) or Look(code.replace("_", " ").capitalize(), "info")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon from the sprite in `_icons.html`; always beside words, so hidden from ears."""
    return format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def kind(name: str, words: str = "") -> SafeString:
    """A kind of compute: its texture and its word. name is person, cpu, gpu or qpu."""
    mark = SafeString(figures.kind_mark(name))
    return format_html('<span class="kind">{}{}</span>', mark, words or KINDS.get(name, name))


@register.simple_tag
def textures() -> SafeString:
    return figures.tx_defs()


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """The stored scheme, read on the server so that the first paint is right."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "auto") if request else "auto"
    return chosen if chosen in THEMES else "auto"


@register.filter
def flash(tags: str) -> tuple[str, str]:
    """Django's message level as (class, glyph)."""
    for level, shown in _FLASH.items():
        if level in (tags or ""):
            return shown
    return ("plain", "info")


_FLASH = {"success": ("good", "check"), "error": ("bad", "warn"), "warning": ("", "warn")}


@register.filter
def regions(named: Sequence[str], project: Project) -> str:
    """Where data may go, as half a sentence."""
    return in_words(named, home=project.home_region)


@register.filter
def initials(name: object) -> str:
    words = str(name).replace(".", " ").replace("@", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"

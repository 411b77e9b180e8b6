"""Weight, contrast and the promises of the content policy, measured on the files that are served."""

from __future__ import annotations

import gzip
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from hybridops.domain.states import RunState
from hybridops.web.templatetags.ui import LOOKS

ROOT = Path(__file__).parents[2]
CSS = (ROOT / "static/css/app.css").read_text()
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
KIB = 1024

type Oklch = tuple[float, float, float]


def tokens() -> dict[str, tuple[Oklch, Oklch]]:
    number = r"([\d.]+)"
    oklch = rf"oklch\({number} {number} {number}\)"
    pattern = rf"--([\w-]+):\s*light-dark\({oklch},\s*{oklch}\)"
    found = {}
    for name, *values in re.findall(pattern, CSS):
        light, dark = [float(v) for v in values[:3]], [float(v) for v in values[3:]]
        found[name] = ((light[0], light[1], light[2]), (dark[0], dark[1], dark[2]))
    return found


TOKENS = tokens()


def luminance(colour: Oklch) -> float:
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    r, g, bl = (min(1.0, max(0.0, c)) for c in (red, green, blue))
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl


def contrast(one: Oklch, two: Oklch) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("paper", "surface", "sunken")
INKS = ("ink", "ink-2", "ink-3", "pine", "degraded", "failed", "person-ink")
TEXT = [(ink, ground) for ink in INKS for ground in GROUNDS]
TEXT += [
    ("on-pine", "pine"), ("on-person", "person"), ("on-failed", "failed"), ("ink", "pine-wash"), ("pine", "pine-wash"),
    ("ink-2", "pine-wash"), ("person-ink", "person-wash"), ("ink", "person-wash"), ("failed", "failed-wash"),
    ("ink", "failed-wash"), ("surface", "gpu"),
]  # fmt: skip
MARKS = [(mark, ground) for mark in ("edge", "cpu", "gpu", "qpu", "person-ink") for ground in GROUNDS]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground", "least"), [(*p, 4.5) for p in TEXT] + [(*p, 3.0) for p in MARKS])
def test_contrast_holds_in_both_schemes(mark: str, ground: str, least: float, scheme: int):
    assert contrast(TOKENS[mark][scheme], TOKENS[ground][scheme]) >= least


def test_compute_kinds_step_in_lightness_before_they_differ_in_hue():
    for scheme in (0, 1):
        steps = sorted(TOKENS[kind][scheme][0] for kind in ("cpu", "gpu", "qpu"))
        assert min(b - a for a, b in pairwise(steps)) >= 0.1


def test_the_stylesheet_is_light():
    assert len(gzip.compress(CSS.encode(), 9)) <= 12 * KIB


def test_our_scripts_are_light_together():
    assert sum(len(gzip.compress(s.read_bytes(), 9)) for s in SCRIPTS) <= 12 * KIB


def test_nothing_is_fetched_from_elsewhere():
    for text in (CSS, *(s.read_text() for s in SCRIPTS), *(t.read_text() for t in TEMPLATES)):
        assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)[\w-]+\.[a-z]{2,}", text)
        assert "@import" not in text and "@font-face" not in text


def test_no_template_carries_inline_style_or_script():
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", text), path
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script and "csp_nonce_attr" in script, path


def test_scripts_keep_the_content_policy():
    for path in SCRIPTS:
        text = path.read_text()
        assert not re.search(
            r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|\bimport\b", text
        ), path


def test_every_icon_named_in_code_is_in_the_sprite():
    sprite = set(re.findall(r'id="i-([\w-]+)"', (ROOT / "templates/_icons.html").read_text()))
    named = {look.glyph for look in LOOKS.values()}
    for path in TEMPLATES:
        named |= set(re.findall(r'{% icon "([\w-]+)" %}', path.read_text()))
    assert named <= sprite


def test_every_run_state_has_a_look_and_no_two_look_alike():
    assert {state.value for state in RunState} <= set(LOOKS)
    looks = [(LOOKS[state.value].word, LOOKS[state.value].glyph) for state in RunState]
    assert len(set(looks)) == len(looks)


def test_words_keep_the_voice():
    for path in TEMPLATES:
        said = re.sub(r"{[%#{].*?[%#}]}|<[^>]+>", " ", path.read_text())
        assert not re.search(
            r"\b(please|oops|successfully|invalid|an error occurred)\b|!(?!=)", said, re.IGNORECASE
        ), path

"""What allauth says, in the words of this house: one catalogue, compiled as it is written, used on every page."""

from __future__ import annotations

import gettext
import re
from html import unescape
from pathlib import Path

import allauth
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.html import strip_tags

from hybridops.bootstrap import ROOT
from hybridops.teams.presence import add_code
from tests.teams.authenticator import Passkey
from tests.world import PASSWORD, World

HOUSE = ROOT / "hybridops" / "web" / "locale" / "en" / "LC_MESSAGES" / "django.po"
THEIRS = Path(allauth.__file__).parent / "locale" / "en" / "LC_MESSAGES" / "django.po"
QUOTED = r'"((?:[^"\\]|\\.)*)"'
SPOKEN = re.compile(r"<(h1|h2|label|button|a|p)\b[^>]*>(.*?)</\1>", re.DOTALL)


def catalogue(path: Path) -> dict[str, str]:
    """msgid to msgstr, plural forms left out."""
    text = path.read_text()
    pairs = re.findall(rf"^msgid ((?:{QUOTED}\s*)+)^msgstr ((?:{QUOTED}\s*)+)", text, re.MULTILINE)
    return {_joined(pair[0]): _joined(pair[2]) for pair in pairs}


def _joined(lines: str) -> str:
    return "".join(re.findall(QUOTED, lines)).replace(r"\"", '"')


def test_it_is_compiled_as_it_is_written() -> None:
    with HOUSE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    words = catalogue(HOUSE)
    del words[""]
    assert len(words) > 50
    assert {said: compiled.gettext(said) for said in words} == words
    assert (
        compiled.ngettext("You have added %(count)s security key.", "", 2) == "You have %(count)s passkeys."
    )


def test_each_entry_is_still_said() -> None:
    """An upgrade that words it otherwise is noticed here."""
    assert catalogue(HOUSE).keys() - catalogue(THEIRS).keys() == set()


@pytest.mark.parametrize("methods", ["nothing", "everything"])
def test_pages_of_the_account_speak_plainly(world: World, methods: str) -> None:
    cache.clear()  # the page counts attempts
    world.ines.set_password(PASSWORD)
    world.ines.save()
    browser = Client()
    assert browser.post("/sign-in/", {"login": "ines", "password": PASSWORD}).status_code == 302
    assert browser.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    ways = ["password/change/", "2fa/", "sessions/", "2fa/webauthn/", "2fa/webauthn/add/"]
    if methods == "everything":
        add_code(world.ines, "REHEARSEWITHMEREHEARSEWITHMERE22")
        key = Passkey(world.ines).row
        ways += [f"2fa/webauthn/keys/{key.pk}/{verb}/" for verb in ("edit", "remove")]
        ways += [
            "2fa/totp/deactivate/",
            "2fa/recovery-codes/generate/",
            "2fa/reauthenticate/",
            "reauthenticate/",
        ]
        browser.post("/account/2fa/recovery-codes/generate/")
        ways.append("2fa/recovery-codes/")
    else:
        ways.append("2fa/totp/activate/")
    for way in ways:
        page = browser.get(f"/account/{way}")
        assert page.status_code == 200, way
        plainly(page.content.decode())


@pytest.mark.parametrize("way", ["password/reset/", "password/reset/done/", "password/reset/key/1-no/", "signup/", "inactive/"])  # fmt: skip
def test_pages_at_the_door_speak_plainly(world: World, way: str) -> None:
    plainly(Client().get(f"/account/{way}").content.decode())


def plainly(html: str) -> None:
    """No Title Case, no word of the trade for what this house calls a passkey."""
    main = html[html.index('<main class="page"') : html.index("</main>")]
    for _, inner in SPOKEN.findall(main):
        words = " ".join(unescape(strip_tags(inner)).split())
        assert not re.search(r"[a-z,] [A-Z][a-z]", words), words
        assert not re.search(
            r"(?i)security keys|two-factor|reauthenticat|passwordless|\bare you sure", words
        ), words

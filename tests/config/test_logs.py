"""Lines for people and for collectors: whole, one each, and without credentials."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.config.logs import HIDDEN, Line, Object, hidden

SECRET = "s3cr3t-Vq9_x.y"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}", f"sent with bearer {SECRET}", f"postgres://hybridops:{SECRET}@db/hybridops",
        f"redis://:{SECRET}@valkey:6379/0 is away", f"password={SECRET}", f'{{"token": "{SECRET}"}}', f"X-Auth-Token: {SECRET}",
        f"api_key={SECRET}&x=1", f"client_secret={SECRET}",
    ],
)  # fmt: skip
def test_what_looks_like_a_credential_is_hidden(text: str) -> None:
    assert SECRET not in hidden(text) and HIDDEN in hidden(text)


@pytest.mark.parametrize(
    "text",
    ["R-12 moved: tokens of a stage", "the secret is out", "https://lab.example/runs/1/", "Bearer", "a:b@c"],
)
def test_what_does_not_is_left_alone(text: str) -> None:
    assert hidden(text) == text


def record(message: str, *values: object) -> logging.LogRecord:
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        return logging.LogRecord("hybridops.x", logging.WARNING, "x.py", 1, message, values, sys.exc_info())


@given(st.text(max_size=80))
def test_an_event_is_one_line_whatever_it_says(text: str) -> None:
    line = Object().format(record("%s", text))
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("warning", "hybridops.x", hidden(text))


def test_tracebacks_are_kept_without_their_credentials() -> None:
    for form in (Object(), Line("{levelname} {name}: {message}", style="{")):
        line = form.format(record("it failed"))
        assert "ValueError" in line and SECRET not in line

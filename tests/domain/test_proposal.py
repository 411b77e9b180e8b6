"""What is read out of a source: literals only, everything else is told and nothing is run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.domain.proposal import BYTES_MAX, body_of, read_source

BASE: dict[str, Any] = {
    "name": "routing", "title": "Routing", "author": "them",
    "parameters": [{"name": "shots", "kind": "int", "default": 5, "low": 1, "high": 9, "label": "Shots"}],
}  # fmt: skip
GOOD = (
    'import numpy\nHYBRIDOPS = {"name": "routing", "title": "Wider", "parameters": {"shots": {"high": 20}}}\n'
)


def notebook(*cells: str, kind: str = "code") -> bytes:
    return json.dumps(
        {"cells": [{"cell_type": kind, "source": cell.splitlines(True)} for cell in cells]}
    ).encode()


def test_a_script_and_a_notebook_say_the_same() -> None:
    script = read_source("a.py", GOOD.encode())
    book = read_source("a.ipynb", notebook("# first", GOOD))
    assert (
        script.header
        == book.header
        == {"name": "routing", "title": "Wider", "parameters": {"shots": {"high": 20}}}
    )
    assert script.imports == book.imports == ("numpy",)
    assert not script.findings
    body = body_of(script.header, BASE, author="Ines")
    assert (body["title"], body["author"], body["parameters"][0]["high"]) == ("Wider", "Ines", 20)
    assert BASE["parameters"][0]["high"] == 9


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("x = 1", "line 1", "there is no HYBRIDOPS"),
        ("HYBRIDOPS = {}\nHYBRIDOPS = {}", "line 2", "more than once"),
        ("HYBRIDOPS = {'name': open('/etc/passwd')}", "line 1", "not a literal"),
        ("HYBRIDOPS = {'name': 'a' * 10**9}", "line 1", "not a literal"),
        ("HYBRIDOPS = {'code': 'x'}", "line 1", "no field 'code'"),
        ("def f(:", "line 1", "not Python"),
        ("HYBRIDOPS = " + "[" * 300 + "]" * 300, "line 1", "not Python"),
    ],
)
def test_what_must_be_mended_is_named_with_its_line(text: str, where: str, what: str) -> None:
    grave = [one for one in read_source("a.py", text.encode()).findings if one.grave]
    assert any(one.where.startswith(where) and what in one.what for one in grave), grave


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import requests", "requests reaches the network"),
        ("from urllib.request import urlopen", "urllib reaches the network"),
        ("eval('1')", "eval() runs other code"),
        ("import os; os.system('ls')", "system() runs other code"),
        ("%pip install x", "not Python"),
        ("!rm -rf /", "not Python"),
    ],
)
def test_what_a_reviewer_should_know_is_told_and_is_not_grave(line: str, what: str) -> None:
    found = read_source("a.py", f"{GOOD}{line}\n".encode()).findings
    assert [(one.where, one.grave) for one in found] == [("line 3", False)]
    assert what in found[0].what


def test_a_notebook_counts_its_cells_as_a_reader_does() -> None:
    data = json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": "# T"},
                {"cell_type": "code", "source": f"{GOOD}import socket"},
            ]
        }
    )
    assert read_source("a.ipynb", data.encode()).findings[0].where == "cell 2, line 3"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ipynb", b"{"), ("a.ipynb", b"[]"), ("a.ipynb", b'{"cells": 3}'), ("a.ipynb", b'{"cells": [{}]}'),
        ("a.ipynb", notebook(*["x"] * 501)), ("a.py", b"\xff\xfe"), ("a.exe", b"x"), ("a.py", b"#" * (BYTES_MAX + 1)),
        ("a.ipynb", b"[" * 100_000), ("a.ipynb", b'{"cells": [{"cell_type": "code", "source": 3}]}'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(name: str, data: bytes) -> None:
    with pytest.raises(BadInput):
        read_source(name, data)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_only_bad_input_comes_out(data: bytes) -> None:
    for name in ("a.py", "a.ipynb"):
        try:
            read_source(name, data)
        except BadInput:
            pass


@pytest.mark.parametrize(
    "header",
    [
        {"parameters": {"depth": {"high": 2}}}, {"parameters": {"shots": {"regex": ".*"}}}, {"parameters": [1]},
        {"parameters": {"shots": 3}},
    ],
)  # fmt: skip
def test_a_parameter_the_code_does_not_have_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        body_of(header, BASE, author="x")

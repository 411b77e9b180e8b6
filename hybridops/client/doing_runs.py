"""What the verbs about runs do."""

from __future__ import annotations

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from hybridops.client.client import Client
from hybridops.client.errors import ClientError
from hybridops.client.printing import Live, clean, line_of, say, say_json, table, usd
from hybridops.client.run_shapes import Quote, Run, RunShort
from hybridops.client.verbs import Exit
from hybridops.domain.errors import HybridopsError
from hybridops.trust import keyring, offline

FILE_MAX = 8 * 1024 * 1024
WISHES = ("cost_max_usd", "seed", "backend", "priority_class", "fallback", "deadline", "anyway")
MORE = ("title", "business_outcome", "quote")
COLUMNS = (
    "id", "title", "workflow", "state", "team", "project", "requested_by", "backend", "cost_max_usd",
    "submitted_at", "ended_at", "why",
)  # fmt: skip


def quote(client: Client, asked: Namespace) -> int:
    told = wish(client, asked, WISHES)
    found = client.quote(told.pop("workflow"), **told)
    if asked.json:
        say_json(found)
        return Exit.DONE
    say(
        f"{found.backend}: {usd(found.likely_usd)} likely, {usd(found.high_usd)} at most; digest {found.digest}"
    )
    if found.over_cap:
        say(f"That is over the cap. It fits with --cap {found.cap_that_fits_usd:f}.")
    _choices(found)
    return Exit.DONE


def _choices(found: Quote) -> None:
    rows = []
    for one in found.choices:
        told = map(_or_dash, (one.tier, one.risk, one.people))
        rows.append((one.backend, usd(one.likely_usd), usd(one.high_usd), *told, one.blocked))
    table(("Backend", "Likely", "At most", "Tier", "Risk", "People", ""), rows)


def _or_dash(value: object) -> object:
    return "–" if value is None else value


def submit(client: Client, asked: Namespace) -> int:
    told = wish(client, asked, (*WISHES, *MORE))
    if not told.get("title"):
        raise ClientError("Give it a --title.")
    made = client.submit(told.pop("workflow"), key=asked.key, **told)
    if asked.watch:
        return _followed(client, made.id, as_json=asked.json)
    say_json(made) if asked.json else say(f"{made}  {made.answer}  {client.url}/runs/{made.id}/")
    return Exit.DONE


def wish(client: Client, asked: Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """From the file, then the words; the data is uploaded where it is a file, and its project is the run's."""
    told = _from_file(asked.file) if asked.file else {}
    told |= {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    told |= {"workflow": asked.workflow} if asked.workflow else {}
    if asked.parameters:
        told["parameters"] = {
            **told.get("parameters", {}),
            **dict(_parameter(one) for one in asked.parameters),
        }
    if not isinstance(told.get("workflow"), str):
        raise ClientError("Name a workflow.")
    if asked.project:
        told["project"] = _project(client, asked.project)
    if asked.data:
        told["snapshot"], told["project"] = _data(client, asked.data, told)
    if not all(isinstance(told.get(name), int) for name in ("project", "snapshot")):
        raise ClientError("Name the data with --data, and the project with --project.")
    return told


def _from_file(name: str) -> dict[str, Any]:
    text = sys.stdin.read(FILE_MAX) if name == "-" else read_file(Path(name)).decode(errors="replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ClientError(f"{name} is no JSON: {problem}.") from None
    if not isinstance(told, dict):
        raise ClientError(f"{name} is no JSON object.")
    return told


def read_file(path: Path) -> bytes:
    """Its bytes; raises ClientError for what cannot be read or is no file of work."""
    try:
        with path.open("rb") as file:
            found = file.read(FILE_MAX + 1)
    except OSError as problem:
        raise ClientError(f"{path} cannot be read: {problem.strerror}.") from None
    if len(found) > FILE_MAX:
        raise ClientError(f"{path} is larger than {FILE_MAX // 2**20} MiB.")
    return found


def _parameter(text: str) -> tuple[str, Any]:
    """NAME=VALUE; a value that reads as JSON is that, anything else is text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ClientError(f"{text} is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _project(client: Client, text: str) -> int:
    if text.isdecimal():
        return int(text)
    for one in client.me().projects:
        if one.slug == text:
            return one.id
    raise ClientError(f"You have no project {text}. See hybridops whoami.")


def _data(client: Client, text: str, told: Mapping[str, Any]) -> tuple[int, int]:
    """The snapshot and its project."""
    project, workflow = told.get("project"), told["workflow"]
    if text.isdecimal():
        return int(text), project or client.snapshot(int(text)).project
    if not isinstance(project, int):
        mine = client.me().projects
        if len(mine) != 1:
            raise ClientError("Name the project with --project. See hybridops whoami.")
        project = mine[0].id
    if text.startswith("builtin:"):
        return client.use_builtin(
            text.removeprefix("builtin:"), project=project, workflow=workflow
        ).id, project
    path = Path(text)
    return client.upload(read_file(path), filename=path.name, project=project, workflow=workflow).id, project


def watch(client: Client, asked: Namespace) -> int:
    return _followed(client, asked.run, as_json=asked.json)


def _followed(client: Client, run: int, *, as_json: bool) -> int:
    live, last = Live(), None
    try:
        for last in client.watch(run):
            say_json(last) if as_json else live.show(line_of(last))
    finally:
        live.end()
    return Exit.DONE if isinstance(last, Run) and last.state == "accepted" else Exit.NOT_ACCEPTED


def runs(client: Client, asked: Namespace) -> int:
    found = _found(client, asked)
    if asked.json:
        for one in found:
            say_json(one)
        return Exit.DONE
    rows = [
        (one, one.state.replace("_", " "), one.workflow, f"{one.submitted_at:%Y-%m-%d %H:%M}", one.title)
        for one in found
    ]
    table(("Run", "State", "Workflow", "Submitted", "Title"), rows)
    return Exit.DONE


def _found(client: Client, asked: Namespace) -> Iterable[RunShort]:
    sought = {name: getattr(asked, name) for name in ("state", "workflow", "text", "mine")}
    return islice(client.runs(**sought), max(0, asked.limit))


def cancel(client: Client, asked: Namespace) -> int:
    return _said(client.cancel(asked.run), asked)


def replay(client: Client, asked: Namespace) -> int:
    return _said(client.replay(asked.run, key=asked.key), asked)


def _said(run: Run, asked: Namespace) -> int:
    say_json(run) if asked.json else say(f"{run}  {run.answer}")
    return Exit.DONE


def verify(client: Client, asked: Namespace) -> int:
    """The proofs come from the site; what is trusted comes from the file alone."""
    ring = keyring.read(read_file(asked.trust))
    since = read_file(asked.since).decode(errors="replace") if asked.since else ""
    steps: list[str] = []
    try:
        for step in offline.verify(client.bundle(asked.run, since=_size(since)), ring, since=since):
            steps.append(step)
            None if asked.json else say(f"ok    {step}")
    except HybridopsError as wrong:
        if isinstance(wrong, ClientError):
            raise
        _verified(asked, steps, str(wrong))
        return Exit.NO
    _verified(asked, steps, "")
    return Exit.DONE


def _size(note: str) -> int:
    """How many entries a kept checkpoint covers: its second line."""
    lines = note.splitlines()
    return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() else 0


def _verified(asked: Namespace, steps: list[str], wrong: str) -> None:
    if asked.json:
        say_json({"verified": not wrong, "steps": steps, "wrong": wrong})
    else:
        say(f"WRONG {wrong}" if wrong else "Everything in this bundle holds.")


def export(client: Client, asked: Namespace) -> int:
    if asked.run is None:
        if asked.out is None:
            _csv(sys.stdout, _found(client, asked))
            return Exit.DONE
        with _to(asked.out) as file:
            _csv(file, _found(client, asked))
    else:
        asked.out = asked.out or Path(f"R-{asked.run}-proofs.zip")
        data = client.bundle(asked.run)
        with _to(asked.out) as file:
            file.buffer.write(data)
    say_json({"file": str(asked.out)}) if asked.json else say(f"Written to {asked.out}.")
    return Exit.DONE


def _to(path: Path) -> TextIOWrapper:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as problem:
        raise ClientError(f"{path} cannot be written: {problem.strerror}.") from None


def _csv(file: TextIO, found: Iterable[RunShort]) -> None:
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for one in found:
        rows.writerow([_cell(getattr(one, name)) for name in COLUMNS])


def _cell(value: object) -> str:
    """No spreadsheet takes it for a formula."""
    text = "" if value is None else clean(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


VERBS: Mapping[str, Callable[[Client, Namespace], int]] = {
    "quote": quote,
    "submit": submit,
    "watch": watch,
    "runs": runs,
    "cancel": cancel,
    "replay": replay,
    "verify": verify,
    "export": export,
}

"""The words that each verb takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from hybridops.client.verbs import VERBS


def number(text: str) -> int:
    """12, R-12 or A-12."""
    found = text[2:] if text[:2].upper() in ("R-", "A-") else text
    if not found.isascii() or not found.isdecimal() or not 0 < int(found) < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is no number like R-12")
    return int(found)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="hybridops", description="hybridops from the command line.")
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    made = {name: verbs.add_parser(name, help=about, description=about) for name, about in VERBS.items()}
    for one in made.values():
        one.add_argument("--json", action="store_true", help="JSON, an object a line")
        one.add_argument(
            "--site", default="", help="the site's address; else HYBRIDOPS_URL, else the last login"
        )
        one.add_argument(
            "--insecure", action="store_true", help="send the token over plain http to another machine"
        )
    made["login"].add_argument("url", nargs="?", default="", help="the site, https://lab.example")
    made["login"].add_argument("--scope", default="", help="only these scopes, with spaces; else all")
    for name in ("quote", "submit"):
        _wish(made[name])
    _submit(made["submit"])
    _runs(made)
    for name in ("approve", "reject"):
        _decision(made[name], needs_reason=name == "reject")
    made["cost"].add_argument("--by", choices=("project", "team", "backend", "workflow"), default="project")
    made["cost"].add_argument("--days", type=int, default=90)
    made["propose"].add_argument("file", type=Path, help="a .ipynb or .py with a HYBRIDOPS header")
    made["propose"].add_argument("--team", default="", help="the team's short name, where you have several")
    return whole


def _wish(one: argparse.ArgumentParser) -> None:
    one.add_argument("workflow", nargs="?", default="", help="its name; or everything from --file")
    one.add_argument(
        "--file", default="", help="a JSON file with the API's names, - for standard input; words win"
    )
    one.add_argument("--project", default="", help="its number or short name; else the data's")
    one.add_argument("--data", default="", help="a snapshot's number, a file to upload, or builtin:NAME")
    one.add_argument("--cap", dest="cost_max_usd", help="what the QPU may cost, in dollars")
    one.add_argument("--set", dest="parameters", action="append", default=[], metavar="NAME=VALUE")
    one.add_argument("--seed", type=int)
    one.add_argument("--backend", help="else the scheduler chooses")
    one.add_argument("--class", dest="priority_class", help="such as validation or research")
    one.add_argument("--fallback", help="classical, or none")
    one.add_argument("--deadline", help="ISO 8601 with a zone")
    one.add_argument("--anyway", help="why a QPU where classical solvers would do")


def _submit(one: argparse.ArgumentParser) -> None:
    one.add_argument("--title", help="what people call it")
    one.add_argument("--outcome", dest="business_outcome", help="what it is good for")
    one.add_argument("--quote", help="the digest of a quote: another price is a conflict")
    one.add_argument(
        "--key", default="", help="names this submit: the same key is the same run, also tomorrow"
    )
    one.add_argument("--watch", action="store_true", help="and follow it until it has ended")


def _runs(made: dict[str, argparse.ArgumentParser]) -> None:
    for name in ("watch", "cancel", "replay", "verify"):
        made[name].add_argument("run", type=number, help="R-12")
    made["replay"].add_argument("--key", default="", help="the same key is the same run")
    made["verify"].add_argument(
        "--trust", type=Path, required=True, help="public keys that you got another way"
    )
    made["verify"].add_argument("--since", type=Path, help="a checkpoint you kept")
    made["export"].add_argument(
        "run", type=number, nargs="?", help="R-12, its proofs; without it, runs as CSV"
    )
    made["export"].add_argument(
        "-o", "--out", type=Path, help="the file; CSV goes to standard output without it"
    )
    for name in ("runs", "export"):
        made[name].add_argument("--state", default="", help="a state, or moving, waiting, without_result")
        made[name].add_argument("--workflow", default="")
        made[name].add_argument("--text", default="", help="words of the title")
        made[name].add_argument("--mine", action="store_true")
        made[name].add_argument("--limit", type=int, default=20 if name == "runs" else 10_000)


def _decision(one: argparse.ArgumentParser, *, needs_reason: bool) -> None:
    one.add_argument("request", type=number, help="A-3")
    one.add_argument("--reason", default="", required=needs_reason)
    one.add_argument("--code", default="", help="a one-time code; asked for where it is missing")
    one.add_argument("--digest", default="", help="decide only if what would be sent is exactly this")
    one.add_argument("--yes", action="store_true", help="do not ask again")

"""What each verb does: ask the client, show what came."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from decimal import Decimal
from getpass import getpass

from hybridops.client import doing_runs, sign_in
from hybridops.client.client import Client
from hybridops.client.errors import ClientError
from hybridops.client.printing import say, say_json, table, usd
from hybridops.client.shapes import Request
from hybridops.client.store import Store
from hybridops.client.verbs import Exit
from hybridops.client.wire import Wire


def opened(asked: Namespace) -> Client:
    """The site that is meant, with HYBRIDOPS_TOKEN or the tokens of this machine."""
    token = os.environ.get("HYBRIDOPS_TOKEN", "")
    return Client(_site(asked), token=token, insecure=asked.insecure)


def _site(asked: Namespace) -> str:
    url = asked.site or os.environ.get("HYBRIDOPS_URL") or Store().last
    if not url:
        raise ClientError("Which site? Run hybridops login https://…, or set HYBRIDOPS_URL.")
    return str(url)


def login(asked: Namespace) -> int:
    def show(address: str, code: str) -> None:
        say(f"Open {address} in your browser and type {code}", sys.stderr)

    asked.site = asked.url or asked.site
    with Client.login(_site(asked), scope=asked.scope, show=show, insecure=asked.insecure) as client:
        return _who(client, asked)


def logout(asked: Namespace) -> int:
    wire = Wire(_site(asked), insecure=asked.insecure)
    ended = sign_in.end(wire, Store())
    told = "Signed out." if ended else "Forgotten here. The site did not answer; end it there under Settings."
    say_json({"ended": ended}) if asked.json else say(told)
    return Exit.DONE


def whoami(asked: Namespace) -> int:
    with opened(asked) as client:
        return _who(client, asked)


def _who(client: Client, asked: Namespace) -> int:
    me = client.me()
    if asked.json:
        say_json(me)
        return Exit.DONE
    say(f"{me.name} at {client.url}")
    table(("Team", "Role"), [(one.team, one.role) for one in me.teams])
    if me.projects:
        table(("Project", "Short name", "Name"), [(one.id, one.slug, one.name) for one in me.projects])
    return Exit.DONE


def approve(asked: Namespace) -> int:
    return _decide(asked, "approve")


def reject(asked: Namespace) -> int:
    return _decide(asked, "reject")


def _decide(asked: Namespace, verdict: str) -> int:
    with opened(asked) as client:
        request = client.approval(asked.request)
        if asked.digest and request.digest != asked.digest:
            raise ClientError(
                f"{request} would send something else now: {request.digest}. Nothing was decided."
            )
        if not asked.yes:
            _shown(request)
            print(f"{verdict.capitalize()} exactly this? [y/N] ", end="", file=sys.stderr, flush=True)
            if input().strip().lower() not in ("y", "yes"):
                raise ClientError("Nothing was decided.")
        code = asked.code or getpass("One-time code: ")
        done = client.decide(request, verdict, code=code, reason=asked.reason)
    say_json(done) if asked.json else say(f"{done} of run R-{done.run} is {done.state.replace('_', ' ')}.")
    return Exit.DONE


def _shown(request: Request) -> None:
    """What would be sent, as the signature will cover it; on stderr, so that --json stays JSON."""
    who = f"asked by {request.requester}, tier {request.tier}, risk {request.risk}"
    say(f"{request}  {request.title}, {who}", sys.stderr)
    for name, value in sorted(request.envelope.items()):
        say(f"  {name}: {value}", sys.stderr)
    say(f"  digest: {request.digest}", sys.stderr)


def cost(asked: Namespace) -> int:
    with opened(asked) as client:
        found = client.costs(by=asked.by, days=asked.days)
    if asked.json:
        say_json(found)
        return Exit.DONE
    rows = [
        (one.name, one.runs, one.accepted, usd(one.usd), usd(one.qpu_usd), _each(one.per_accepted_usd))
        for one in (*found.groups, found.total)
    ]
    table((asked.by.capitalize(), "Runs", "Accepted", "Cost", "of it QPU", "Per accepted"), rows)
    return Exit.DONE


def _each(amount: Decimal | None) -> str:
    return "none accepted" if amount is None else usd(amount)


def propose(asked: Namespace) -> int:
    with opened(asked) as client:
        made = client.propose(doing_runs.read_file(asked.file), filename=asked.file.name, team=asked.team)
        address = client.url + made.path
    if asked.json:
        say_json(made)
        return Exit.DONE
    say(f"Draft {made.id}: {made.name} version {made.version}, at {address}")
    for one in made.findings:
        say(f"  {one.where}: {one.what}; {one.mend}.")
    for lacking in made.missing:
        say(f"  still missing: {lacking}")
    return Exit.DONE


def _with(does: Callable[[Client, Namespace], int]) -> Callable[[Namespace], int]:
    def done(asked: Namespace) -> int:
        with opened(asked) as client:
            return does(client, asked)

    return done


VERBS: Mapping[str, Callable[[Namespace], int]] = {
    "login": login,
    "logout": logout,
    "whoami": whoami,
    "approve": approve,
    "reject": reject,
    "cost": cost,
    "propose": propose,
    **{name: _with(does) for name, does in doing_runs.VERBS.items()},
}

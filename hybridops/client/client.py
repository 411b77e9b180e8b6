"""One site as an object: what the API has (`docs/api.md`), one method each, with its retries and its errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted

from hybridops.client import sign_in
from hybridops.client.asking import Asking, Which, WhichRequest, get_call, pk, wished
from hybridops.client.errors import NoAnswer, NotSignedIn
from hybridops.client.reading import read, read_list
from hybridops.client.run_shapes import Quote, Run, RunShort
from hybridops.client.shapes import (
    Backend,
    Budget,
    Costs,
    Decision,
    Event,
    Log,
    Me,
    Proposal,
    Request,
    RequestShort,
    Snapshot,
    Workflow,
)
from hybridops.client.store import Store
from hybridops.client.wire import MIB, Answer, with_headers

BUNDLE_MAX = 64 * MIB
LOOK, LOOK_MAX = 1.0, 15.0  # seconds between two looks at a run


class Client(Asking):
    """Calls `url` with a token. Whatever is refused raises Problem with its code; nothing is done twice by a retry."""

    @classmethod
    def login(
        cls,
        url: str,
        *,
        scope: str = "",
        show: sign_in.Show | None = None,
        store: Store | None = None,
        **more: Any,
    ) -> Client:
        """As the person who confirms the shown code in their browser. Who is still signed in is not asked again."""
        client, kept = cls(url, **more), store or Store()
        client.tokens = sign_in.Person(client.wire, kept)
        try:
            client.tokens.bearer()
        except NotSignedIn:
            pair = sign_in.by_device(client.wire, show or _print_code, scope)
            with kept.alone():
                kept.keep(client.url, pair)
        return client

    @classmethod
    def service(
        cls, url: str, client_id: str, secret: str, *, scopes: str = "runs:read", **more: Any
    ) -> Client:
        """As a service, by its credentials; `scopes` with spaces between."""
        client = cls(url, **more)
        client.tokens = sign_in.Service(client.wire, client_id, secret, scopes)
        return client

    # What there is.

    def me(self) -> Me:
        return read(Me, self._get("/me"))

    def workflows(self) -> list[Workflow]:
        return read_list(Workflow, self._get("/workflows"))

    def workflow(self, name: str) -> Workflow:
        return read(Workflow, self._get(f"/workflows/{quoted(name, safe='')}"))

    def decisions(self, name: str) -> list[Decision]:
        """What people decided about a workflow, the newest first."""
        return read_list(Decision, self._get(f"/workflows/{quoted(name, safe='')}/decisions"))

    def backends(self) -> list[Backend]:
        return read_list(Backend, self._get("/backends"))

    def snapshots(self) -> Iterator[Snapshot]:
        return self._pages(Snapshot, "/snapshots")

    def snapshot(self, snapshot: int) -> Snapshot:
        return read(Snapshot, self._get(f"/snapshots/{int(snapshot)}"))

    def upload(
        self,
        file: str | Path | bytes,
        *,
        project: int,
        workflow: str,
        name: str = "",
        filename: str = "",
        key: str = "",
        **more: Any,
    ) -> Snapshot:
        """Lists a file as data: a path, or bytes with their `filename`. `more`: data_class, regions, why."""
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        filename = filename or ("data" if isinstance(file, bytes) else Path(file).name)
        fields = {"project": project, "workflow": workflow, "name": name or filename, **more}
        return self._listed(fields, key, files={"upload": (filename, content)})

    def use_builtin(self, builtin: str, *, project: int, workflow: str, key: str = "") -> Snapshot:
        """Lists installed data (`Workflow.builtins`) in a project."""
        return self._listed({"project": project, "workflow": workflow, "builtin": builtin}, key)

    def _listed(self, fields: Mapping[str, Any], key: str, **files: Any) -> Snapshot:
        return read(Snapshot, self._write("/snapshots", key, data=dict(fields), **files))

    # Runs.

    def quote(self, workflow: str, *, project: int, snapshot: int, **wish: Any) -> Quote:
        """Cost, risk and who has to agree, without submitting. `wish`: as `submit` takes."""
        return read(Quote, self._ask("/quotes", wished(workflow, project, snapshot, wish), safe=True))

    def submit(
        self,
        workflow: str,
        *,
        project: int,
        snapshot: int,
        title: str,
        quote: str | Quote = "",
        key: str = "",
        **wish: Any,
    ) -> Run:
        """Submits one run, once. With a quote, a price that has moved since is a conflict.

        `wish`: parameters, seed, backend, priority_class, fallback, deadline, cost_max_usd, anyway, business_outcome.
        `key` names the run for good; without it one is made for this call and its repeats.
        """
        digest = quote.digest if isinstance(quote, Quote) else quote
        body = {**wished(workflow, project, snapshot, wish), "title": title, "quote": digest}
        return read(Run, self._write("/runs", key, json=body))

    def run(self, run: Which) -> Run:
        return read(Run, self._get(f"/runs/{pk(run)}"))

    def runs(
        self, *, state: str = "", workflow: str = "", text: str = "", mine: bool = False
    ) -> Iterator[RunShort]:
        """Newest first, page after page as it is read. `state` is a state, or a group of them (`docs/api.md`)."""
        return self._pages(RunShort, "/runs", state=state, workflow=workflow, text=text, mine=mine)

    def watch(self, run: Which, *, away_max: float = 600.0) -> Iterator[Run]:
        """Each new state of a run until it has ended. Asks less and less often while nothing changes.

        A site that is away for up to `away_max` seconds is waited for; then NoAnswer is raised.
        """
        path, tag, pause, away = f"/runs/{pk(run)}", "", LOOK, 0.0
        while True:
            answer: Answer | None
            try:
                answer = self._send(with_headers(get_call(path), If_None_Match=tag))
            except NoAnswer:
                if (away := away or time.monotonic()) + away_max < time.monotonic():
                    raise
                answer = None
            else:
                away = 0.0
            if answer is not None and (answer.status != 304 or not tag):
                tag, pause = answer.headers.get("etag", ""), LOOK
                found = read(Run, answer.json())
                yield found
                if found.ended:
                    return
            self.wire.sleep(pause)
            pause = min(LOOK_MAX, pause * 1.5)

    def cancel(self, run: Which, *, key: str = "") -> Run:
        return read(Run, self._write(f"/runs/{pk(run)}/cancel", key))

    def replay(self, run: Which, *, key: str = "") -> Run:
        """The same question again: a new run with its own approval and cost."""
        return read(Run, self._write(f"/runs/{pk(run)}/replay", key))

    def events(self, run: Which) -> Iterator[Event]:
        return self._pages(Event, f"/runs/{pk(run)}/events")

    def bundle(self, run: Which, *, since: int = 0) -> bytes:
        """A ZIP with all proofs, for `hybridops-verify`. `since`: the size of a checkpoint you kept."""
        sent = {"params": {"since": since}} if since else {}
        return self._file(f"/runs/{pk(run)}/bundle", "application/zip", BUNDLE_MAX, sent)

    # Decisions.

    def approvals(self, *, state: str = "") -> Iterator[RequestShort]:
        return self._pages(RequestShort, "/approvals", state=state)

    def approval(self, request: WhichRequest) -> Request:
        return read(Request, self._get(f"/approvals/{pk(request)}"))

    def decide(self, request: Request, verdict: str, *, code: str, reason: str = "", **more: Any) -> Request:
        """One vote on exactly what `request` shows, with a one-time code. `verdict`: approve, narrow, changes, reject.

        `more`: limits (for narrow), on_behalf. Never repeated: a lost answer raises NoAnswer, read the request again.
        """
        body = {"verdict": verdict, "digest": request.digest, "reason": reason, "code": code, **more}
        return read(Request, self._ask(f"/approvals/{pk(request)}/decision", body, safe=False))

    def approve(self, request: Request, *, code: str, reason: str = "") -> Request:
        return self.decide(request, "approve", code=code, reason=reason)

    def propose(
        self, file: str | Path | bytes, *, team: str = "", filename: str = "", key: str = ""
    ) -> Proposal:
        """A draft of a workflow out of a notebook or script. Nothing of it is run; a second person reviews it."""
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        filename = filename or ("source.py" if isinstance(file, bytes) else Path(file).name)
        fields = {"team": team} if team else {}
        told = self._write("/proposals", key, data=fields, files={"source": (filename, content)})
        return read(Proposal, told)

    # Money and the trail.

    def budgets(self) -> list[Budget]:
        return read_list(Budget, self._get("/budgets"))

    def costs(self, *, by: str = "project", days: int = 90) -> Costs:
        """`by`: project, team, backend or workflow."""
        return read(Costs, self._get("/costs", by=by, days=days))

    def audit_events(self, **sought: str) -> Iterator[Event]:
        """`sought`: person, action (a beginning), stream (such as run:12), since, until. Reading is an event."""
        return self._pages(Event, "/audit/events", **sought)

    def audit_event(self, event: int) -> Event:
        return read(Event, self._get(f"/audit/events/{int(event)}"))

    def audit_proof(self, event: int) -> bytes:
        return self._file(f"/audit/events/{int(event)}/proof", "text/plain", MIB, {})

    def audit_log(self) -> Log:
        return read(Log, self._get("/audit/log"))


def _print_code(address: str, code: str) -> None:
    print(f"Open {address} in your browser and type {code}", flush=True)

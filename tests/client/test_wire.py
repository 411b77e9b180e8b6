"""Hostile, slow and busy sites: what a client does whatever comes back. The site is a function here."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.client import BadAnswer, Client, ClientError, NoAnswer, Patience, Problem
from hybridops.client.wire import Answer, Wire, site

ME = {"name": "ines", "kind": "person", "sponsor": None, "teams": [], "projects": []}
type Site = Callable[[httpx.Request], httpx.Response]


class Asked:
    """A client of a site that is a function, what came there, and how long the client waited."""

    def __init__(self, answers: Site, **more: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return answers(request)

        self.client = Client(
            "https://lab.example", token="secret-token", transport=httpx.MockTransport(answer), sleep=self.pauses.append, **more
        )  # fmt: skip


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        status,
        json={"code": code, "detail": "No."},
        headers={"Content-Type": "application/problem+json", **named},
    )


def in_turn(*answers: httpx.Response | Exception) -> Site:
    left = iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


def me() -> httpx.Response:
    return httpx.Response(200, json=ME)


def test_busy_is_obeyed_and_waited_for() -> None:
    asked = Asked(
        in_turn(
            problem(429, "too_many", Retry_After="7"), httpx.Response(503, headers={"Retry-After": "3"}), me()
        )
    )
    assert asked.client.me().name == "ines"
    assert asked.pauses[0] >= 7 and asked.pauses[1] >= 3


def test_a_wait_beyond_patience_is_the_caller_s_to_decide() -> None:
    asked = Asked(lambda _: problem(429, "too_many", Retry_After="3600"))
    with pytest.raises(Problem) as said:
        asked.client.me()
    assert (said.value.code, said.value.retry_after, len(asked.requests)) == ("too_many", 3600, 1)


def test_attempts_are_counted_and_grow_apart() -> None:
    asked = Asked(lambda _: httpx.Response(503), patience=Patience(attempts=5))
    with pytest.raises(BadAnswer, match="503"):
        asked.client.me()
    assert len(asked.requests) == 5
    assert all(pause <= 0.25 * 2**at for at, pause in enumerate(asked.pauses))


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone"), httpx.ConnectError("no")]
)
def test_what_has_a_key_is_repeated_under_the_same_key(lost: Exception) -> None:
    run = problem(404, "not_found")
    asked = Asked(in_turn(lost, lost, run))
    with pytest.raises(Problem):
        asked.client.cancel(12)
    keys = {one.headers["Idempotency-Key"] for one in asked.requests}
    assert len(asked.requests) == 3 and len(keys) == 1 and len(keys.pop()) == 32


def test_a_vote_is_repeated_only_where_it_was_never_sent() -> None:
    request: Any = type("R", (), {"id": 3, "digest": "d"})()
    for lost, times in ((httpx.ReadTimeout("slow"), 1), (httpx.ConnectError("no"), 6)):
        asked = Asked(in_turn(*[lost] * 9))
        with pytest.raises(NoAnswer) as said:
            asked.client._ask("/approvals/3/decision", {"digest": request.digest}, safe=False)
        assert (len(asked.requests), said.value.maybe_done) == (times, times == 1)
    asked = Asked(in_turn(httpx.Response(503), me()))
    with pytest.raises(BadAnswer):
        asked.client._ask("/approvals/3/decision", {}, safe=False)
    assert len(asked.requests) == 1


@pytest.mark.parametrize(
    "where", ["https://evil.example/api/v1/me", "http://lab.example/api/v1/me", "/api/v1/me"]
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(where: str, status: int) -> None:
    asked = Asked(lambda _: httpx.Response(status, headers={"Location": where}))
    with pytest.raises(BadAnswer, match="leads elsewhere"):
        asked.client.me()
    assert [str(one.url) for one in asked.requests] == ["https://lab.example/api/v1/me"]


def endless() -> Iterator[bytes]:
    while True:
        yield b" " * 2**20


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(200, text="<html>hello</html>", headers={"Content-Type": "text/html"}),
        lambda: httpx.Response(200, content=b"{", headers={"Content-Type": "application/json"}),
        lambda: httpx.Response(200, content=b"[" * 100_000, headers={"Content-Type": "application/json"}),
        lambda: httpx.Response(200, content=b"\xff\xfe", headers={"Content-Type": "application/json"}),
        lambda: httpx.Response(200, json=[]),
        lambda: httpx.Response(200, json={**ME, "teams": {}}),
        lambda: httpx.Response(200, json={**ME, "name": None}),
        lambda: httpx.Response(200, content=endless(), headers={"Content-Type": "application/json"}),
        lambda: httpx.Response(200, content=gzip.compress(json.dumps(ME).encode()), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}),
        lambda: httpx.Response(500, text="Traceback"),
        lambda: httpx.Response(404, json={"detail": "another framework"}),
        lambda: httpx.Response(400, json=[1], headers={"Content-Type": "application/problem+json"}),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_ours_is_said_and_not_believed(answer: Callable[[], httpx.Response]) -> None:
    with pytest.raises(BadAnswer):
        Asked(lambda _: answer()).client.me()


def test_pages_that_go_in_a_circle_end() -> None:
    asked = Asked(lambda _: httpx.Response(200, json={"items": [], "next": "again"}))
    with pytest.raises(BadAnswer, match="circle"):
        list(asked.client.runs())


def test_an_answer_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10**6, 20))
    monkeypatch.setattr("hybridops.client.wire.time.monotonic", lambda: float(next(now)))

    def drips() -> Iterator[bytes]:
        while True:
            yield b" "

    asked = Asked(
        lambda _: httpx.Response(200, content=drips(), headers={"Content-Type": "application/json"})
    )
    with pytest.raises(NoAnswer):
        asked.client.me()


def test_watching_asks_less_and_less_and_by_etag(monkeypatch: pytest.MonkeyPatch) -> None:
    body = run_body()
    ended = {**body, "state": "accepted"}
    asked = Asked(in_turn(
        httpx.Response(200, json=body, headers={"ETag": '"a"'}), *[httpx.Response(304)] * 9, httpx.Response(200, json=ended, headers={"ETag": '"b"'}),
    ))  # fmt: skip
    assert [one.state for one in asked.client.watch(12)] == ["running", "accepted"]
    assert [one.headers.get("If-None-Match") for one in asked.requests] == [None, *['"a"'] * 10]
    assert asked.pauses == sorted(asked.pauses) and asked.pauses[-1] == 15


def run_body(**changes: Any) -> dict[str, Any]:
    """A run as the API gives it."""
    stage = {"key": "quantum", "label": "Sample", "kind": "quantum", "state": "running", "why": "", "progress": 0.5, "device": "",
             "seconds": None, "started_at": None, "ended_at": None}  # fmt: skip
    return {
        "id": 12, "title": "Wave 14", "workflow": "fake", "state": "running", "outcome": "", "why": "", "version": 3, "team": "routing",
        "project": 1, "snapshot": 1, "requested_by": "Ines", "priority_class": "validation", "backend": "aster", "plan_digest": "d",
        "cost_max_usd": "50", "submitted_at": "2026-11-29T19:34:37Z", "ended_at": None, "replay_of": None, "stages": [stage],
        "submissions": [], "costs": [], "spent_usd": None, "score": None, **changes,
    }  # fmt: skip


def test_a_token_goes_over_https_or_stays_on_this_machine() -> None:
    assert site("lab.example/") == "https://lab.example"
    assert site("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    assert site("http://[::1]:8000") == "http://[::1]:8000"
    assert site("http://lab.example", insecure=True) == "http://lab.example"
    bad = (
        "http://lab.example",
        "ftp://lab.example",
        "https://",
        "https://u:p@lab.example",
        "https://lab.example/?a=1",
        "https://lab.example:port",
    )
    for url in bad:
        with pytest.raises(ClientError):
            site(url)


@given(st.text(max_size=40))
def test_any_address_is_one_or_a_clear_no(text: str) -> None:
    with suppress(ClientError):
        assert site(text).startswith(("https://", "http://localhost", "http://127.0.0.1", "http://[::1]"))


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_to_wait_or_none(text: str) -> None:
    found = Answer(503, {"retry-after": text}, b"").retry_after()
    assert found is None or 0 <= found < 10**12


def test_retry_after_may_be_a_date() -> None:
    import time

    found = Answer(503, {"retry-after": formatdate(time.time() + 60, usegmt=True)}, b"").retry_after()
    assert found is not None and 50 < found <= 60


def test_the_address_shown_for_the_code_is_the_site_s_own() -> None:
    from hybridops.client import sign_in

    shown: list[tuple[str, str]] = []
    told = {
        "device_code": "d",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://evil.example/",
        "interval": 1,
        "expires_in": 60,
    }
    given_ = httpx.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 300})
    slow, wait = (
        httpx.Response(400, json={"error": name}) for name in ("slow_down", "authorization_pending")
    )
    pauses: list[float] = []
    wire = Wire(
        "https://lab.example",
        transport=httpx.MockTransport(
            in_turn(httpx.Response(200, json=told), wait, slow, httpx.ReadTimeout("x"), given_)
        ),
        sleep=pauses.append,
    )
    pair = sign_in.by_device(wire, lambda *said: shown.append(said))
    assert shown == [("https://lab.example/account/device/", "ABCD-EFGH")] and pair.refresh == "r"
    assert pauses == [1, 1, 6, 6]


def test_a_code_that_would_draw_on_the_terminal_is_none() -> None:
    from hybridops.client import sign_in

    told = {"device_code": "d", "user_code": "\x1b[2JABCD", "interval": 1, "expires_in": 60}
    wire = Wire("https://lab.example", transport=httpx.MockTransport(in_turn(httpx.Response(200, json=told))))
    with pytest.raises(BadAnswer):
        sign_in.by_device(wire, lambda *_: None)

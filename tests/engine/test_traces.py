"""A run as a trace: whole, the same whenever it is sent, over real HTTP, and without anybody's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client

from hybridops.domain import clock
from hybridops.engine import traces
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run
from tests.engine.turning import approved
from tests.world import World

trace_service = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="OpenTelemetry is not installed"
)


class Collector(BaseHTTPRequestHandler):
    """Keeps what is sent to it, or answers that it cannot."""

    got: list[Any]
    away = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.away:  # type: ignore[attr-defined]
            found = trace_service.ExportTraceServiceRequest()
            found.ParseFromString(_unzipped(body, self.headers.get("Content-Encoding", "")))
            spans = [s for r in found.resource_spans for scope in r.scope_spans for s in scope.spans]
            self.server.got.append(spans)  # type: ignore[attr-defined]
        self.send_response(400 if self.server.away else 200)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _unzipped(body: bytes, how: str) -> bytes:
    import gzip

    return gzip.decompress(body) if how == "gzip" else body


@pytest.fixture
def collector(settings: Any) -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.got, server.away = [], False  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.OTLP_ENDPOINT = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def ended(world: World) -> Run:
    run = approved(world)
    for _ in range(4):
        ask_providers(run.pk)
        drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert fresh.outcome == "accepted"
    return fresh


def later() -> Any:
    return clock.at(clock.now() + timedelta(minutes=1))


def test_a_run_that_ended_is_one_trace_from_the_submit_to_the_bill(world: World, collector: Any) -> None:
    run = ended(world)
    with later():
        assert traces.export_ended() == 1
        assert traces.export_ended() == 0
    (spans,) = collector.got
    assert {span.trace_id.hex() for span in spans} == {traces.trace_of(run)}
    (root,) = [span for span in spans if not span.parent_span_id]
    assert root.name == "run" and all(
        span.parent_span_id == root.span_id for span in spans if span is not root
    )
    names = {span.name for span in spans}
    assert any(name.startswith("qpu Submission 1") for name in names) and any(
        "person" in name for name in names
    )
    told = {one.key: one.value for one in root.attributes}
    assert told["hybridops.run"].int_value == run.pk and told["hybridops.cost_micro_usd"].int_value > 0
    assert told["hybridops.snapshot"].string_value == run.plan["data"]
    (job,) = [
        span for span in spans if span.name.startswith("qpu Submission 1") and "running" not in span.name
    ][:1]
    facts = {one.key: one.value.string_value for one in job.attributes}
    assert facts["hybridops.provider"] == "scripted" and facts["hybridops.calibration"]
    assert all(root.start_time_unix_nano <= s.start_time_unix_nano <= s.end_time_unix_nano for s in spans)


def test_sent_again_it_is_the_same(world: World, collector: Any) -> None:
    run = ended(world)
    with later():
        traces.export_ended()
        traces.cache.delete(traces.UNTIL)
        traces.export_ended()
    first, second = ([(s.span_id, s.name, s.end_time_unix_nano) for s in spans] for spans in collector.got)
    assert first == second and run.pk


def test_what_a_collector_did_not_take_is_sent_next_time(world: World, collector: Any) -> None:
    ended(world)
    collector.away = True
    with later():
        assert traces.export_ended() == 0
        collector.away = False
        assert traces.export_ended() == 1


def test_nobody_s_words_are_in_it(world: World, collector: Any) -> None:
    ended(world)
    with later():
        traces.export_ended()
    text = str(collector.got)
    assert not any(word in text for word in ("Ines", "Mikkel", "Wave 14", "as planned", "shorter walks"))


def test_the_page_of_a_run_links_to_it(world: World, settings: Any) -> None:
    run = ended(world)
    browser = Client()
    browser.force_login(world.people["ines"])
    assert "Its trace" not in browser.get(f"/runs/{run.pk}/").content.decode()
    settings.OTLP_ENDPOINT, settings.TRACE_URL = "http://c:4318", "https://traces.example.org/{trace}"
    html = browser.get(f"/runs/{run.pk}/").content.decode()
    assert f'href="https://traces.example.org/{traces.trace_of(run)}"' in html

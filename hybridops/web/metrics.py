"""What Prometheus reads: how many, how old, how much is left. Names are promises (`docs/operations.md`).

Everything is asked of the database and the broker at the moment of the scrape, so any number of web processes tell the
same. Nobody's name, title or address is in a label.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from hybridops.web import gauges

READERS: tuple[Callable[[], Iterator[gauges.Reading]], ...] = (
    gauges.of_runs,
    gauges.of_stages,
    gauges.of_submissions,
    gauges.of_approvals,
    gauges.of_backends,
    gauges.of_money,
    gauges.of_the_log,
    gauges.of_notices,
    gauges.of_levels,
    gauges.of_the_broker,
)


class Collector:
    """A reader that fails is counted and leaves the others alone."""

    def collect(self) -> Iterator[Metric]:
        failed = 0
        for reader in READERS:
            try:
                yield from map(_family, list(reader()))
            except Exception:  # whatever it was, the scrape goes on and says that something is missing
                failed += 1
        yield GaugeMetricFamily(
            "hybridops_scrape_failures", "Parts of this answer that could not be read.", value=failed
        )


def _family(read: gauges.Reading) -> Metric:
    kind = CounterMetricFamily if read.counts else GaugeMetricFamily
    made: Metric = kind(read.name, read.words, labels=read.labels)
    for labels, value in read.values:
        made.add_metric([str(label) for label in labels], float(value))  # type: ignore[attr-defined]
    return made


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever has the token of the installation; without one set, nobody."""
    told = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    if not token or not hmac.compare_digest(told.encode(), token.encode()):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

"""What `manage.py check` says of the brokers: each can be used as it is configured, or why not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.core import checks

from hybridops.outbox.brokers import TRANSPORTS, Broker, brokers
from hybridops.outbox.kinds import KINDS


@checks.register("events")
def check_brokers(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """An error for each broker that cannot work, a warning for a transport that we never ran."""
    return [message for broker in brokers().values() for message in _check(broker)]


def _check(broker: Broker) -> list[checks.CheckMessage]:
    if broker.scheme not in TRANSPORTS:
        known = ", ".join(TRANSPORTS)
        return [_error(broker, f"{broker.scheme or 'its address'} is no transport", f"There are {known}.", 1)]
    module, is_tested = TRANSPORTS[broker.scheme]
    found = []
    if lacking := [name for name in ("kombu", module) if not _is_there(name)]:
        hint = "Install hybridops[events], and for this transport what kombu asks for."
        found.append(_error(broker, f"{' and '.join(lacking)} cannot be imported", hint, 2))
    if unknown := [
        one for one in broker.kinds if not any(Broker.wants(_only(broker, one), k) for k in KINDS)
    ]:
        found.append(
            _error(broker, f"no kind is like {', '.join(unknown)}", f"There are {', '.join(KINDS)}.", 3)
        )
    if not broker.queue and not broker.scheme.startswith("amqp"):
        found.append(_error(broker, "it names no queue", "Only RabbitMQ has exchanges without one.", 4))
    if not is_tested:
        words = f"Broker {broker.name}: {broker.scheme} was never run in our tests."
        hint = "Try it before you rely on it; docs/events.md says which were."
        found.append(checks.Warning(words, hint=hint, id="hybridops.W001"))
    return found


def _only(broker: Broker, pattern: str) -> Broker:
    return Broker(broker.name, broker.url, broker.exchange, broker.queue, (pattern,), broker.options)


def _is_there(module: str) -> bool:
    try:
        return module in sys.modules or find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _error(broker: Broker, what: str, hint: str, number: int) -> checks.CheckMessage:
    return checks.Error(f"Broker {broker.name}: {what}.", hint=hint, id=f"hybridops.E00{number}")

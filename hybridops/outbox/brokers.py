"""The message brokers of the settings, and one open connection to one of them through kombu.

Kombu is loaded where a broker is configured and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

SECONDS_MAX = 5.0  # for a connection, and for each answer of the broker
# What each kind of address needs beside kombu, and whether we run our tests against a real one.
TRANSPORTS: Mapping[str, tuple[str, bool]] = {
    "amqp": ("amqp", True),
    "amqps": ("amqp", False),
    "redis": ("redis", True),
    "rediss": ("redis", False),
    "kafka": ("confluent_kafka", False),
    "gcpubsub": ("google.cloud.pubsub_v1", False),
    "sqs": ("boto3", False),
}


@dataclass(frozen=True, slots=True)
class Broker:
    """`queue` is declared and bound to the exchange where it is named; `kinds` are patterns such as `run.*`."""

    name: str
    url: str
    exchange: str
    queue: str
    kinds: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    def wants(self, kind: str) -> bool:
        return any(fnmatchcase(kind, pattern) for pattern in self.kinds)


@cache
def brokers() -> Mapping[str, Broker]:
    """The brokers of the settings by their names."""
    return {name: Broker(name=name, **told) for name, told in settings.BROKERS.items()}


def _forget(*, setting: str, **_: object) -> None:
    if setting == "BROKERS":
        brokers.cache_clear()


setting_changed.connect(_forget)


class Away(Exception):
    """The broker cannot be reached: nothing is wrong with what was to be sent."""


class Link:
    """One open connection to a broker, and a channel that is made anew after each refusal."""

    def __init__(self, broker: Broker, connection: Any) -> None:
        kombu = import_module("kombu")
        self.broker, self.connection, self.channel = broker, connection, None
        lost = kombu.exceptions.OperationalError
        self.gone: tuple[type[BaseException], ...] = (*connection.connection_errors, OSError, lost)
        self.exchange = kombu.Exchange(broker.exchange, type="topic", durable=True)
        queues = (
            [kombu.Queue(broker.queue, self.exchange, routing_key="#", durable=True)] if broker.queue else []
        )
        self.declared = [self.exchange, *queues]

    def publish(self, body: bytes, told: Mapping[str, Any]) -> None:
        """Returns once the broker has the event; raises Away, or what the broker refuses it with.

        `told` are the event's attributes.
        """
        try:
            self.connection.ensure_connection(max_retries=0)
            self.channel = self.channel or self.connection.channel()
            self._publish(body, told)
        except self.gone as problem:
            raise Away(f"{type(problem).__name__}: {problem}") from problem
        except Exception:
            self.channel = None  # a refusal closes it
            raise

    def _publish(self, body: bytes, told: Mapping[str, Any]) -> None:
        import_module("kombu").Producer(self.channel, self.exchange).publish(
            body,
            routing_key=told["type"],
            declare=self.declared,
            content_type="application/cloudevents+json",
            content_encoding="utf-8",
            delivery_mode="persistent",
            message_id=told["id"],
            type=told["type"],
            headers={"team": told.get("team", 0), "partitionkey": told.get("partitionkey", "")},
            **_confirmed(self.broker),
        )


@contextmanager
def opened(broker: Broker) -> Iterator[Link]:
    """A link to a broker for one round; raises Away where its transport is not installed."""
    try:
        connection = import_module("kombu").Connection(
            broker.url, connect_timeout=SECONDS_MAX, transport_options=_options(broker)
        )
        link = Link(broker, connection)
    except ImportError as problem:
        raise Away(f"{problem}; `manage.py check` says what is missing") from problem
    try:
        yield link
    finally:
        connection.release()


def _confirmed(broker: Broker) -> dict[str, Any]:
    """RabbitMQ says that it has the event, and gives it back where no queue would take it."""
    if not broker.scheme.startswith("amqp"):
        return {}
    return {"mandatory": True, "timeout": SECONDS_MAX, "confirm_timeout": SECONDS_MAX}


def _options(broker: Broker) -> dict[str, Any]:
    usual: dict[str, Any] = {}
    if broker.scheme.startswith("amqp"):
        usual |= {"confirm_publish": True, "read_timeout": SECONDS_MAX, "write_timeout": SECONDS_MAX}
    if broker.scheme.startswith("redis"):
        usual |= {"socket_timeout": SECONDS_MAX, "socket_connect_timeout": SECONDS_MAX}
    return usual | dict(broker.options)

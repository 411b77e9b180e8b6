"""The stage as a server on loopback: for good, or beside a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from hybridops.providers.fakecloud import braket, control, dwave, ibm, ionq, machines
from hybridops.providers.fakecloud.cloud import Cloud

HOST = "127.0.0.1"
START_SECONDS = 10.0


def app(cloud: Cloud) -> Starlette:
    """All dialects, each below its own name."""
    dialects = (control, braket, ibm, ionq, dwave)
    return Starlette(routes=[found for dialect in dialects for found in dialect.routes(cloud)])


def serve(cloud: Cloud, port: int) -> None:
    """Until a signal ends it."""
    machines.prepare()
    cloud.url = f"http://{HOST}:{port}"
    uvicorn.run(app(cloud), host=HOST, port=port, log_level="warning", lifespan="off")


@contextmanager
def running(cloud: Cloud) -> Iterator[str]:
    """The stage in a thread; its address. It ends with the block."""
    machines.prepare()
    with serving(app(cloud)) as url:
        cloud.url = url
        yield url


@contextmanager
def serving(site: Starlette) -> Iterator[str]:
    """A site on a port that is free, in a thread; its address. It ends with the block."""
    config = uvicorn.Config(site, host=HOST, port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="fakecloud", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The stage did not start.")
        time.sleep(0.005)
    try:
        yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(START_SECONDS)

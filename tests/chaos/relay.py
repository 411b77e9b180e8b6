"""A piece of network that can be cut, made silent, or slowed: one relay a machine and service."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"
CHUNK = 65536


class Network:
    """The loop in which all relays run, in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def relay(self, target: int) -> Relay:
        made = Relay(self, target)
        made.port = self.run(made.listen())
        return made

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


class Relay:
    """Listens on `port` and speaks to `target`. `cut` ends what is open and takes nothing new, `stall` keeps all
    open and lets no byte through, `slow` holds each piece back for so long; `mend` makes it whole again.
    """

    def __init__(self, network: Network, target: int) -> None:
        self.network, self.target, self.port = network, target, 0
        self._is_cut, self._delay_seconds = False, 0.0
        self._flows = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> int:
        self._flows.set()
        self._server = await asyncio.start_server(self._meet, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        self.network.run(self._cut())

    def stall(self) -> None:
        self.network.run(self._set(flows=False))

    def slow(self, seconds: float) -> None:
        self.network.run(self._set(delay=seconds))

    def mend(self) -> None:
        self.network.run(self._set())

    async def _cut(self) -> None:
        self._is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    async def _set(self, *, flows: bool = True, delay: float = 0.0) -> None:
        self._is_cut, self._delay_seconds = False, delay
        if flows:
            self._flows.set()
        else:
            self._flows.clear()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer))
                both.create_task(self._pump(far_reader, writer))
        except* OSError:
            pass
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK):
            await self._flows.wait()
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            target.write(data)
            await target.drain()
        with suppress(OSError):
            target.write_eof()

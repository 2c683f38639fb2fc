"""A TCP proxy between a viewer and the server, which holds up, cuts or buffers what it forwards, as it is told.

`pass` · `blackhole` (forwards nothing either way, and keeps the sockets) · `delay` (ms) · `dribble` (bytes_per_s) ·
`cut` (after_bytes of each answer) · `rst` · `reply502` · `buffer_until_close` (nothing of an answer until its end).
Every mode takes `for_s`: seconds after which it is `pass` again. `rst`, `reply502` and `buffer_until_close` end the
connections that are open.
"""

import asyncio
import contextlib
import random
import re
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

MODES = ("pass", "blackhole", "delay", "dribble", "cut", "rst", "reply502", "buffer_until_close")
ENDING = ("rst", "reply502", "buffer_until_close")
PIECE = 16 << 10
LITTLE = 16 << 10
"""Bytes that a socket towards the server may take in: where nobody reads on, the server has to notice soon."""
RESET = struct.pack("ii", 1, 0)
REFUSAL = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
    b"bad gateway\n"
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """One connection of a viewer, and the one to the server that belongs to it."""

    def __init__(self, down: Streams) -> None:
        self.down = down
        self.up: Streams | None = None
        self.passed = 0
        """Bytes of the answer since the present mode began."""
        self.kept = bytearray()
        """What `buffer_until_close` holds back."""

    def release(self) -> None:
        """Sends what was held back."""
        if self.kept and not self.down[1].is_closing():
            self.down[1].write(bytes(self.kept))
        self.kept.clear()

    def end(self, *, reset: bool = False) -> None:
        """Closes both; the viewer still gets what was sent to it before, but for a reset."""
        for _, writer in (self.down, self.up) if self.up else (self.down,):
            if reset:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if reset or writer is not self.down[1]:
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """A port of its own that leads to another one; all its methods belong to its loop."""

    def __init__(self, upstream_port: int, chance: random.Random) -> None:
        self.upstream_port, self.port = upstream_port, 0
        self.mode, self._args = "pass", dict[str, Any]()
        self._chance = chance
        self._links: dict[Link, asyncio.Task[Any]] = {}
        self._changed = asyncio.Event()
        self._over: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, upstream_port: int, chance: random.Random | None = None) -> "Proxy":
        """A proxy that listens on a free port of 127.0.0.1."""
        proxy = cls(upstream_port, chance or random.Random(0))
        proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0, limit=PIECE)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        return proxy

    @property
    def streams(self) -> int:
        """Connections to the server that are open now."""
        return sum(link.up is not None and not link.up[1].is_closing() for link in self._links)

    def set(self, mode: str, for_s: float | None = None, **args: float) -> None:
        """From now on, also for the connections that are open."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}; got {mode!r}")
        if self._over:
            self._over.cancel()
        self._over = asyncio.get_running_loop().call_later(for_s, self.set, "pass") if for_s is not None else None
        self.mode, self._args = mode, args
        self._changed.set()
        self._changed = asyncio.Event()
        for link in list(self._links):
            link.passed = 0
            if mode in ENDING:
                link.end(reset=mode == "rst")
            else:
                link.release()

    async def close(self) -> None:
        """Ends the port and all connections."""
        if self._over:
            self._over.cancel()
        self._server.close()
        tasks = list(self._links.values())
        for link, task in list(self._links.items()):
            task.cancel()
            link.end(reset=True)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports' last turn

    # -- one connection --------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link((reader, writer))
        task = asyncio.current_task()
        assert task
        self._links[link] = task
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._connect(link)
        except asyncio.CancelledError:
            pass  # a task of a stream's server that ends so is no news
        finally:
            link.end()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()  # a viewer that does not read gets the rest when it does
            del self._links[link]

    async def _connect(self, link: Link) -> None:
        await self._while_black()
        if self.mode == "rst":
            link.end(reset=True)
            return
        head = await link.down[0].readuntil(b"\r\n\r\n")
        await self._while_black()
        if self.mode == "reply502":
            link.down[1].write(REFUSAL)
            await link.down[1].drain()
            return
        if self.mode == "buffer_until_close":
            head = re.sub(rb"(?im)^connection:.*\r\n", b"", head)[:-2] + b"Connection: close\r\n\r\n"
        link.up = await self._upstream()
        link.up[1].write(head)
        await _first_of(self._ask(link, link.up), self._answer(link, link.up))

    async def _upstream(self) -> Streams:
        up = socket.socket()
        try:
            up.setblocking(False)
            up.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
            await asyncio.get_running_loop().sock_connect(up, ("127.0.0.1", self.upstream_port))
            return await asyncio.open_connection(sock=up, limit=PIECE)
        except BaseException:
            up.close()
            raise

    async def _ask(self, link: Link, up: Streams) -> None:
        while piece := await link.down[0].read(PIECE):
            await self._while_black()
            up[1].write(piece)
            await up[1].drain()
        await self._while_black()

    async def _answer(self, link: Link, up: Streams) -> None:
        while True:
            await self._while_black()
            piece = await up[0].read(PIECE)
            if not piece:
                break
            while piece and not link.down[1].is_closing():
                piece = await self._forward(link, piece)
        await self._while_black()
        link.release()

    async def _forward(self, link: Link, piece: bytes) -> bytes:
        """Does with a piece of the answer what the present mode asks for; gives what is still to be forwarded."""
        mode, args, size, rest = self.mode, self._args, len(piece), 0.0
        if mode in ("blackhole", "delay"):
            changed = await self._pause(args["ms"] / 1000 if mode == "delay" else None)
            if changed:
                return piece
        elif mode == "buffer_until_close":
            link.kept += piece
            return b""
        elif mode == "dribble":
            size, rest = max(1, int(args["bytes_per_s"] / 10)), max(0.1, 1 / args["bytes_per_s"])
        elif mode == "cut":
            size = max(0, int(args["after_bytes"]) - link.passed)
        link.down[1].write(piece[:size])
        link.passed += min(size, len(piece))
        await link.down[1].drain()
        if mode == "cut" and link.passed >= int(args["after_bytes"]):
            link.end()
        if rest:
            await self._pause(rest)
        return piece[size:]

    async def _while_black(self) -> None:
        while self.mode == "blackhole":
            await self._pause(None)

    async def _pause(self, seconds: float | None) -> bool:
        """Waits so long, or until the mode changes; whether it changed."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def _first_of(*steps: Any) -> None:
    """Runs them until one of them ends, however it ends."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, Exception) and not isinstance(error, OSError):
                raise error


class RunningProxy:
    """A proxy in a thread of its own, for those who have no loop."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self.port = proxy.port
        self._proxy, self._loop = proxy, loop

    def set(self, mode: str, for_s: float | None = None, **args: float) -> None:
        """As `Proxy.set`; done when this returns."""

        async def in_loop() -> None:
            self._proxy.set(mode, for_s, **args)

        asyncio.run_coroutine_threadsafe(in_loop(), self._loop).result(10)

    @property
    def streams(self) -> int:
        """Connections to the server that are open now."""
        return self._proxy.streams


@contextlib.contextmanager
def running_proxy(upstream_port: int) -> Iterator[RunningProxy]:
    """A proxy to a port of this machine for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy")
    thread.start()
    try:
        proxy = asyncio.run_coroutine_threadsafe(Proxy.open(upstream_port), loop).result(10)
        try:
            yield RunningProxy(proxy, loop)
        finally:
            asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

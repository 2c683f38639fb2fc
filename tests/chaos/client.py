"""Viewers of the chaos harness: asyncio sockets with bad habits, which come back with their last id."""

import asyncio
import contextlib
import math
import random
import socket
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from tests.chaos.events import Event, Parser
from tests.chaos.held import Held
from tests.chaos.points import Points, points_of
from tests.chaos.proxy import RESET, Proxy

SILENCE = 35.0
"""Seconds without a byte after which a page takes its link for dead."""
CONNECTS_WITHIN = 10.0
BACK_AFTER = (0.2, 2.0)
PIECE = 1 << 16
SMALL = 4096
POLLS_EVERY, DRAWS_EVERY = 2.0, 10.0
NOT_NOW = (502, 503)
GONE = 410
Stretch = tuple[float, float]


class Habit(NamedTuple):
    """What a kind of viewer does to its connection; stretches are seconds, from and to."""

    live: Stretch | None = None
    stall: Stretch | None = None
    black: Stretch | None = None
    bytes_per_s: int = 0
    small: bool = False
    by_query: bool = False
    fresh: bool = False
    reset: bool = False


STEADY = Habit()
HABITS = {
    "steady": STEADY,
    "flaky": Habit(live=(0.1, 20)),
    "query": Habit(live=(0.1, 20), by_query=True),
    "stall": Habit(stall=(1, 60), small=True),
    "slow": Habit(bytes_per_s=1024, small=True),
    "rst": Habit(live=(0.1, 20), reset=True),
    "half_open": Habit(black=(2, 40)),
    "late": Habit(live=(10, 10), fresh=True),
}


class Cut(Exception):  # noqa: N818 (no error: what a network does)
    """The connection is over, or never was."""


class Client:
    """One viewer: what it holds, and how it came by it."""

    def __init__(self, name: str, kind: str, port: int, chance: random.Random, proxy: Proxy | None = None) -> None:
        self.name, self.kind, self.proxy = name, kind, proxy
        self.port = proxy.port if proxy else port
        self.held = Held()
        self.id = ""
        self.connects = self.resets = self.refused = 0
        self.reset_at: list[float] = []
        self.arrived: Callable[[list[Points], float], None] = lambda points, at: None
        """Is told of each event with points when it comes."""
        self.open = False
        self._gap = 0.0
        self._habit = HABITS.get(kind, STEADY)
        self._chance = chance
        self._heard_at = 0.0
        self._same_worker = False
        self._visit: asyncio.Future[None] | None = None

    async def live(self) -> None:
        """Comes, goes and comes back, until it is cancelled."""
        blackening = asyncio.ensure_future(self._now_and_then_black())
        try:
            while True:
                self._visit = asyncio.ensure_future(VISITS.get(self.kind, watch)(self))
                await asyncio.wait([self._visit])
                if not self._visit.cancelled():
                    self._visit.result()  # a fault of the harness must not look like a cut
                await asyncio.sleep(self._chance.uniform(*BACK_AFTER))
        finally:
            blackening.cancel()
            if self._visit:
                self._visit.cancel()

    def calm_down(self) -> None:
        """From now on a steady viewer; who was none goes, and comes back with its last id."""
        steady = STEADY._replace(by_query=self._habit.by_query)
        if self._habit != steady and self._visit:
            self._visit.cancel()
        self._habit = steady

    def silence(self, now: float) -> float:
        """The longest silence on a connection since this was asked last, in s."""
        gap = max(self._gap, now - self._heard_at if self.open else 0.0)
        self._gap = 0.0
        return gap

    def forget(self) -> None:
        """As if it had just been opened."""
        self.id = ""
        self.held.clear()

    async def come(self) -> None:
        """Opens the stream where it was, and reads it until its habit or the network ends that."""
        habit = self._habit
        if habit.fresh:
            self.forget()
        async with asyncio.timeout(CONNECTS_WITHIN):
            reader, writer = await connect(self.port, small=habit.small)
        try:
            async with asyncio.timeout(self._chance_of(habit.live) if habit.live else None):
                await self._ask(reader, writer, habit)
                await self._watch(reader, habit)
        finally:
            self.open = False
            close(writer, reset=habit.reset)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, habit: Habit) -> None:
        query = f"?since={self.id}" if self.id and habit.by_query else ""
        header = f"Last-Event-ID: {self.id}\r\n" if self.id and not habit.by_query else ""
        # HTTP/1.0: no chunks to take apart.
        writer.write(f"GET /events{query} HTTP/1.0\r\nHost: localhost\r\n{header}\r\n".encode())
        async with asyncio.timeout(SILENCE):
            status = await status_of(reader)
        if status != 200:
            self.refused += 1
            if status not in NOT_NOW:
                self.held.blame("strange", 1, f"status {status}")
            raise Cut
        self.connects += 1
        self.open, self._same_worker, self._heard_at = True, False, time.monotonic()

    async def _watch(self, reader: asyncio.StreamReader, habit: Habit) -> None:
        parser = Parser(self.id)
        size = min(PIECE, habit.bytes_per_s or PIECE)
        while True:
            async with asyncio.timeout(SILENCE):
                piece = await reader.read(size)
            if not piece:
                raise Cut
            now = time.monotonic()
            self._gap, self._heard_at = max(self._gap, now - self._heard_at), now
            for event in parser.feed(piece):
                self._take(event, now)
                self.id = event.last_id
            if habit.bytes_per_s:
                await asyncio.sleep(len(piece) / habit.bytes_per_s)
            if habit.stall and self._chance.random() < 0.01:
                await asyncio.sleep(self._chance_of(habit.stall))

    def _take(self, event: Event, now: float) -> None:
        if event.kind == "reset":
            self.held.clear()
            self.resets += 1
            self.reset_at.append(now)
        elif event.kind == "points":
            try:
                cursor, points = points_of(event.data)
            except ValueError as error:
                self.held.blame("strange", 1, f"{error}: {event.data[:80]!r}")
                return
            if cursor != event.last_id:
                self.held.blame("strange", 1, f"id {event.last_id} of an event with the cursor {cursor}")
            self.held.take(cursor, points, same_worker=self._same_worker)
            self._same_worker = True
            self.arrived(points, now)
        elif event.kind != "status":
            self.held.blame("strange", 1, f"event {event.kind}")

    async def _now_and_then_black(self) -> None:
        while self.proxy and self._habit.black:
            await asyncio.sleep(self._chance.uniform(1, 20))
            if self._habit.black:
                for_s = self._chance_of(self._habit.black)
                self.proxy.set("blackhole", for_s)
                await asyncio.sleep(for_s)

    def _chance_of(self, stretch: Stretch) -> float:
        """Short ones as often as long ones."""
        return math.exp(self._chance.uniform(*map(math.log, stretch)))


async def watch(client: Client) -> None:
    """A page with a stream."""
    with contextlib.suppress(OSError, TimeoutError, Cut):
        await client.come()


async def poll(client: Client) -> None:
    """A page that asks /metrics.json every 2 s for what is new; it begins again where its cursor is gone."""
    with contextlib.suppress(OSError, TimeoutError, Cut):
        status, body = await answer(client.port, "/metrics.json" + (f"?since={client.id}" if client.id else ""))
        client.connects += 1
        if status == 200:
            with contextlib.suppress(msgspec.DecodeError):  # cut off in the middle
                cursor, points = points_of(body)
                if any(len(run.loss) or len(run.wave) for run in points):
                    client.held.take(cursor, points, same_worker=False)
                client.id = cursor
        elif status == GONE:
            client.refused += 1
            client.forget()
        elif status not in NOT_NOW:
            client.held.blame("strange", 1, f"/metrics.json: status {status}")
    await asyncio.sleep(POLLS_EVERY)


async def draw(client: Client) -> None:
    """A chat that asks for /plot.png every 10 s."""
    with contextlib.suppress(OSError, TimeoutError, Cut):
        status, body = await answer(client.port, "/plot.png")
        client.connects += 1
        # A picture that was cut off has its beginning only.
        if status not in (200, *NOT_NOW) or (status == 200 and body and not body.startswith(b"\x89PNG")):
            client.held.blame("strange", 1, f"/plot.png: status {status}, {body[:40]!r}")
    await asyncio.sleep(DRAWS_EVERY)


VISITS: dict[str, Callable[[Client], Awaitable[None]]] = {"poller": poll, "picture": draw}
KINDS = (*HABITS, *VISITS)


async def connect(port: int, *, small: bool = False) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection; a small one takes in little that is not read."""
    opened = socket.socket()
    try:
        opened.setblocking(False)
        if small:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=opened, limit=SMALL if small else PIECE)
    except BaseException:
        opened.close()
        raise


def close(writer: asyncio.StreamWriter, *, reset: bool = False) -> None:
    """Closes at once; `reset`: without a farewell."""
    if reset:
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def status_of(reader: asyncio.StreamReader) -> int:
    """Reads the head of an answer; its status."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise Cut from None
    return int(head.split(b" ", 2)[1])


async def answer(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a whole answer."""
    async with asyncio.timeout(SILENCE):
        reader, writer = await connect(port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return await status_of(reader), await reader.read()
        finally:
            close(writer)

"""How far the program has read the log, as far as its own words and the size of the file tell."""

import asyncio
import time
from typing import Any

from tests.chaos.server import NoAnswerError, Server
from tests.chaos.talk import Talk

STUCK = 40.0
"""Seconds without any progress: a rotated file is read for 5 s more, and a file that is gone for 30 s."""
MOST = 300.0
"""Seconds that it may take in all."""
SURE = 3
"""Polls in a row that have to say so, each POLL s after the other: twice the time in which a change is seen."""
POLL = 0.3
Statuses = dict[int, Any]


class Patience:
    """How long somebody is waited for who comes nearer all the time."""

    def __init__(self) -> None:
        self._began = self._moved = time.monotonic()
        self._told = ""

    def is_over(self, told: str) -> bool:
        """Whether he stands still; `told`: where he says that he is."""
        now = time.monotonic()
        if told != self._told:
            self._told, self._moved = told, now
        return now - self._moved > STUCK or now - self._began > MOST

    def taken(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began


class Reader:
    """The workers of the program, and which of their generations is which life of the log."""

    def __init__(self, server: Server, writer: Talk) -> None:
        self._server, self._writer = server, writer
        self._known: dict[int, tuple[int, int]] = {}
        """By worker, the generation that was a life."""
        self.slowest = 0.0
        """Seconds that it took to catch up, at most."""

    async def statuses(self) -> Statuses:
        """What each worker says of the log; {} where not all can be asked."""
        found = await asyncio.to_thread(self._server.statuses)
        runs = {pid: status["runs"].get("train") for pid, status in found.items()}
        return runs if all(runs.values()) else {}

    async def catch_up(self) -> None:
        """Waits until all that was written has been read by all workers; nobody may write meanwhile.

        Raises:
            NoAnswerError: it takes too long.
        """
        patience = Patience()
        sure = 0
        while sure < SURE:
            state = await self._writer.ask("status")
            runs = await self.statuses()
            size = state["size"]
            caught = runs and not state["busy"] and all(run["offset"] == run["size"] == size for run in runs.values())
            sure = sure + 1 if caught else 0
            if patience.is_over(_told(runs)):
                raise NoAnswerError(f"not caught up: size {size}, and {_told(runs)}")
            await asyncio.sleep(POLL)
        self.slowest = max(self.slowest, patience.taken())
        self._learn(runs, state["life"])

    async def come_up(self) -> None:
        """Waits until all workers of a new start have opened the log; nobody may rename or change it meanwhile.

        Raises:
            NoAnswerError: it takes too long.
        """
        patience = Patience()
        while True:
            state = await self._writer.ask("status")
            runs = await self.statuses()
            if runs and state["size"] is not None and all(run["size"] or not state["size"] for run in runs.values()):
                break
            if patience.is_over(_told(runs)):
                raise NoAnswerError(f"not read after a start: size {state['size']}, and {_told(runs)}")
            await asyncio.sleep(0.1)
        if state["size"]:
            self._learn(runs, state["life"])

    async def seen(self, life: int) -> int:
        """Bytes of the life at the path that every worker is known to have read."""
        runs = await self.statuses()
        return min((self._of_life(pid, run, life) for pid, run in runs.items()), default=0)

    def _of_life(self, pid: int, run: Any, life: int) -> int:
        """None can have seen more generations than there were lives: as many of both, and it reads the last one."""
        generation, known = self._known.get(pid, (-1, -1))
        return run["offset"] if pid in self._known and run["generation"] - generation == life - known else 0

    def _learn(self, runs: Statuses, life: int) -> None:
        self._known = {pid: (run["generation"], life) for pid, run in runs.items()}


def _told(runs: Statuses) -> str:
    names = ("state", "offset", "size", "generation")
    return "; ".join(f"{pid}: " + ", ".join(f"{name} {run[name]}" for name in names) for pid, run in runs.items())

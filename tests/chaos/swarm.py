"""A crowd of viewers in a process of its own: a JSON command a line on stdin, a JSON answer a line on stdout.

{"do": "start"}                                        all begin
{"do": "fault", "mode": "rst", "args": {}, "share": 0.5}    the proxies of so many of the viewers that have one
{"do": "wrote", "k": 17, "at": 12.5}                   line 17 was written then (`time.monotonic()`)
{"do": "status"}  {"do": "latencies"}                  how it goes; (at, seconds) of each line that was waited for
{"do": "calm"}                                         all proxies pass, all viewers are steady
{"do": "wait", "sentinel": 99, "within_s": 10}         until each of them holds the loss of this line
{"do": "judge", "expected": "PATH.npz"}                loss_must, loss_may, wave_must, wave_may: bool, by k
{"do": "end"}
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.chaos.client import KINDS, VISITS, Client
from tests.chaos.latency import Latency
from tests.chaos.proxy import Proxy
from tests.chaos.truth import losses

CHECK_EVERY = 0.02
LINES = 200_000
"""Of which the values are known from the beginning."""
FAULTS: dict[str, tuple[tuple[float, float], dict[str, tuple[float, float]]]] = {
    "blackhole": ((1, 30), {}),
    "delay": ((2, 20), {"ms": (10, 800)}),
    "dribble": ((2, 20), {"bytes_per_s": (200, 20_000)}),
    "cut": ((2, 20), {"after_bytes": (1, 50_000)}),
    "rst": ((0.1, 2), {}),
    "reply502": ((1, 15), {}),
    "buffer_until_close": ((1, 15), {}),
    "pass": ((1, 1), {}),
}
"""Of each mode how long it lasts, in s, and its arguments: from, to."""


class Swarm:
    """The viewers, their proxies, and the commands."""

    def __init__(self, clients: Sequence[Client], chance: random.Random) -> None:
        self._clients, self._chance = clients, chance
        self._tasks: list[asyncio.Task[None]] = []
        self._latency = Latency()
        self._foreseen: asyncio.Future[Any] = asyncio.get_running_loop().run_in_executor(None, losses, LINES)
        self._measured = [client for client in clients if client.kind == "steady" and not client.proxy]
        for client in self._measured:
            self._latency.add(client.name)
            client.arrived = lambda points, now, name=client.name: self._latency.arrived(name, points, now)

    def check(self) -> None:
        """Raises the error of a viewer that should not have any."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def start(self) -> dict[str, Any]:
        """All begin."""
        self._tasks = [asyncio.create_task(client.live()) for client in self._clients]
        return {"clients": [client.name for client in self._clients]}

    async def fault(self, mode: str, share: float = 0.5, args: dict[str, float] | None = None) -> dict[str, Any]:
        """One mode for a share of the proxies, drawn by chance; it ends by itself."""
        if mode not in FAULTS:
            raise ValueError(f"mode must be one of {', '.join(FAULTS)}; got {mode!r}")
        for_s, drawn = FAULTS[mode]
        given = {"for_s": self._chance.uniform(*for_s)}
        given |= {name: self._chance.uniform(*span) for name, span in drawn.items()} | (args or {})
        proxied = [client for client in self._clients if client.proxy]
        chosen = self._chance.sample(proxied, round(share * len(proxied)))
        for client in chosen:
            assert client.proxy
            client.proxy.set(mode, **given)
        return {"mode": mode, "args": given, "clients": [client.name for client in chosen]}

    async def wrote(self, k: int, at: float) -> dict[str, Any]:
        """From now on it is waited for."""
        self._latency.wrote(k, at)
        if self._foreseen.done():  # to compute them when they come would hold up the viewers
            self._foreseen = asyncio.get_running_loop().run_in_executor(None, losses, 2 * k)
        return {}

    async def status(self) -> dict[str, Any]:
        """How it goes.

        `live`: streams of which the server must know, `black` of them by proxies that forward nothing. `faults`: what
        is wrong for sure, whatever was written.
        """
        now = time.monotonic()
        proxies = [client.proxy for client in self._clients if client.proxy]
        open_ = sum(client.open for client in self._clients if not client.proxy)
        return {
            "live": open_ + sum(proxy.streams for proxy in proxies),
            "black": sum(proxy.streams for proxy in proxies if proxy.mode == "blackhole"),
            "gaps": max((client.silence(now) for client in self._measured), default=0.0),
            "latency": self._latency.lately(),
            "faults": dict(sum((client.held.faults for client in self._clients), Counter())),
            "reset_at": sorted(at for client in self._clients for at in client.reset_at),
            **self._totals(),
        }

    async def latencies(self) -> dict[str, Any]:
        """All that were measured."""
        return {"samples": list(self._latency.samples)}

    async def calm(self) -> dict[str, Any]:
        """The end of all trouble."""
        for client in self._clients:
            if client.proxy:
                client.proxy.set("pass")
            client.calm_down()
        return {}

    async def wait(self, sentinel: int, within_s: float = 10.0) -> dict[str, Any]:
        """Until each viewer holds the loss of this line; who does not."""
        began = time.monotonic()
        while missing := [c.name for c in self._judged() if sentinel not in c.held.tallies["loss"]]:
            if time.monotonic() - began > within_s:
                break
            await asyncio.sleep(CHECK_EVERY)
            self.check()
        return {"ok": not missing, "missing": missing, "took_s": round(time.monotonic() - began, 3)}

    async def judge(self, expected: str) -> dict[str, Any]:
        """Of each viewer what is wrong with what it holds, and all in sum."""
        with np.load(expected) as columns:
            must_and_may = dict(columns)
        clients, total = {}, Counter[str]()
        for client in self._judged():
            verdict = client.held.verdict(must_and_may)
            total.update({kind: number for kind, number in verdict.items() if isinstance(number, int)})
            clients[client.name] = verdict | {"connects": client.connects, "resets": client.resets}
            await asyncio.sleep(0)  # a large verdict must not keep the others from their sockets
        for client in self._clients:
            if client.kind == "picture":
                total["strange"] += client.held.faults["strange"]
        hashes = sorted({verdict["sha256"] for verdict in clients.values()})
        return {"clients": clients, "sum": dict(total), "sha256": hashes, **self._totals()}

    async def end(self) -> dict[str, Any]:
        """Closes all."""
        await self._foreseen
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients:
            if client.proxy:
                await client.proxy.close()
        return self._totals()

    def _judged(self) -> list[Client]:
        return [client for client in self._clients if client.kind != "picture"]

    def _totals(self) -> dict[str, int]:
        names = ("connects", "resets", "refused")
        return {name: sum(getattr(client, name) for client in self._clients) for name in names}


COMMANDS = {
    command.__name__: command
    for command in (
        Swarm.start,
        Swarm.fault,
        Swarm.wrote,
        Swarm.status,
        Swarm.latencies,
        Swarm.calm,
        Swarm.wait,
        Swarm.judge,
        Swarm.end,
    )
}


async def clients_of(kinds: str, prefix: str, port: int, chance: random.Random) -> list[Client]:
    """The viewers that `steady=5,flaky=2` asks for; every second one, and all that go black, behind a proxy."""
    clients: list[Client] = []
    for entry in kinds.split(","):
        kind, _, number = entry.partition("=")
        if kind not in KINDS:
            raise SystemExit(f"clients must be of {', '.join(KINDS)}; got {kind!r}")
        for _ in range(int(number)):
            behind = kind not in VISITS and (len(clients) % 2 == 1 or kind == "half_open")
            proxy = await Proxy.open(port, chance) if behind else None
            own = random.Random(chance.random())
            clients.append(Client(f"{prefix}{len(clients)}-{kind}", kind, port, own, proxy))
    return clients


async def obey(swarm: Swarm, line: str) -> dict[str, Any]:
    """Does what a line asks for; the answer says `ok` where nothing else is to be said."""
    asked = json.loads(line)
    try:
        swarm.check()
        return {"ok": True} | await COMMANDS[asked.pop("do")](swarm, **asked)
    except Exception as error:  # the harness has to hear of it, whatever it is
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


async def main(args: argparse.Namespace) -> None:
    """Answers until `end`, or until nobody asks any more."""
    chance = random.Random(args.seed)
    swarm = Swarm(await clients_of(args.clients, args.prefix, args.port, chance), chance)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await obey(swarm, line)), flush=True)
        if json.loads(line)["do"] == "end":
            return
    await swarm.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.swarm", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="of the server")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clients", default="steady=2,flaky=1", help=f"how many of each kind: {', '.join(KINDS)}")
    parser.add_argument("--prefix", default="c", help="of their names")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(parser.parse_args()))

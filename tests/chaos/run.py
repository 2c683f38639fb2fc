"""A run of chaos: the real program, a trainer that does everything to its log, viewers that come, go and stall.

    python -m tests.chaos.run --minutes 10 --seed 7

Exit status 0: nobody lost a point, had one twice, or one that nobody wrote; 1: somebody did; 2: the harness itself
failed. The folder of a run that did not pass is kept: journal.jsonl (what was written), trace.jsonl (what was done; to
be replayed with --replay), report.json, and what the program and the viewers said.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.chaos import schedule
from tests.chaos.oracle import Expected, expected, journal, told, verdict_of
from tests.chaos.reader import Reader
from tests.chaos.schedule import FROZEN_S, Step
from tests.chaos.server import ROOT, NoAnswerError, Server
from tests.chaos.talk import SilentError, Talk

SHARES = {"steady": 40, "flaky": 20, "query": 10, "stall": 10, "slow": 5, "rst": 5, "half_open": 5, "late": 5}
"""Of the viewers in percent; two pollers and one who looks at pictures come besides."""
EXTRA = {"poller": 2, "picture": 1}
PROFILES = {
    "ci": {"minutes": 0.35, "clients": 12, "rate": 200},
    "day": {"minutes": 10.0, "clients": 40, "rate": 500},
    "night": {"minutes": 60.0, "clients": 100, "rate": 2000},
}
HOLDS_WITHIN = 10.0
SILENCE = 17.0
SWARM_EVERY = 5.0
COUNTED_WITHIN = 40.0
QUIET_S = 5.0
P99 = 1.0
SPARE_DESCRIPTORS = 12
"""Of a worker at the end, beyond those at its start and one for each viewer: files of the log that are held, questions
of ours."""
MEMORY = 200_000
"""kB of a worker that a run may take, besides what its points take."""
BYTES_PER_POINT = 100
FORBIDDEN = ("Traceback", "CRITICAL", "WORKER TIMEOUT")
WRONG = ("lost", "repeated", "invented", "wrong", "disorder", "ids_back", "strange")


@dataclass
class Settings:
    """What a run is made of; the first line of its trace."""

    seed: int
    minutes: float
    clients: int
    rate: float
    workers: int = 1
    linked: bool = False
    rotated: bool = False


@dataclass
class Findings:
    """What was seen on the way."""

    steps: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    audits: int = 0
    max_kb: int = 0
    max_descriptors: int = 0
    first_descriptors: int = 0
    gap: float = 0.0
    first: tuple[str, int] | None = None
    """Series and number of the first line that somebody lost, had twice, or had though nobody wrote it."""
    quiet: tuple[float, float] = (0.0, 0.0)
    """When nothing went wrong, at the end."""


class Run:
    """One run, from the first process to the verdict."""

    def __init__(self, settings: Settings, folder: Path, steps: Iterable[Step] | None, source: Path) -> None:
        self.settings, self.folder = settings, folder
        replayed = steps is not None
        self._steps = (
            steps if steps is not None else schedule.steps(settings.seed, settings.rate, linked=settings.linked)
        )
        self._ends_at = time.monotonic() + (1e9 if replayed else settings.minutes * 60)
        self.found = Findings()
        self._trace = (folder / "trace.jsonl").open("w", buffering=1)
        self._trace.write(json.dumps(asdict(settings)) + "\n")
        log = folder / "runs" / "train.log"
        self.server = Server(
            folder, str(log), *["--rotated"] * settings.rotated, source=source, workers=settings.workers
        )
        self._up_since = 0.0
        self._over = asyncio.Event()
        self._settled = False
        """Whether all was read since a link was switched, or since the log was renamed before that."""

    async def go(self) -> dict[str, Any]:
        """All of it; the report.

        Raises:
            NoAnswerError: the program does not start.
            SilentError: the harness itself does not answer.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.server.close)
            await self._begin(stack)
            watching = asyncio.create_task(self._watch())
            try:
                await self._live(watching)
                await self._be_quiet()
            finally:
                self._over.set()  # not cancelled: an answer that nobody took would be that of the next question
                await asyncio.gather(watching, return_exceptions=True)
            return await self._judge()

    async def _begin(self, stack: contextlib.AsyncExitStack) -> None:
        s = self.settings
        flags = ["--linked"] * s.linked + ["--rotated"] * s.rotated
        self.writer = await self._child(
            stack, "writer", "--folder", str(self.folder), "--seed", str(s.seed), "--rate", str(s.rate), *flags
        )
        await asyncio.to_thread(self.server.start)
        self._up_since = time.monotonic()
        _, self.found.first_descriptors = self.server.weight()
        self.reader = Reader(self.server, self.writer)
        self.swarms = []
        for prefix, kinds in zip("ab", _halves(s.clients), strict=True):
            given = ",".join(f"{kind}={count}" for kind, count in kinds.items())
            port, seed = str(self.server.port), str(2 * s.seed + (prefix == "b"))
            args = ("--port", port, "--seed", seed, "--clients", given, "--prefix", prefix)
            self.swarms.append(await self._child(stack, "swarm", *args, name=f"swarm-{prefix}"))
        await self._tell_swarms("start")
        await self.writer.ask("resume")

    async def _child(self, stack: contextlib.AsyncExitStack, module: str, *args: str, name: str = "") -> Talk:
        errors = self.folder / f"{name or module}.txt"
        child = await Talk.begin(f"tests.chaos.{module}", *args, errors=errors)
        stack.push_async_callback(child.end)
        return child

    async def _tell_swarms(self, do: str, within: float = 30.0, **args: Any) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(swarm.ask(do, within, **args) for swarm in self.swarms)))

    # -- faults ----------------------------------------------------------------------------------------

    async def _live(self, watching: "asyncio.Task[None]") -> None:
        for step in self._steps:
            if self.found.violations or time.monotonic() + step["gap"] > self._ends_at:
                break
            if watching.done():
                watching.result()
            await asyncio.sleep(step["gap"])
            at = time.monotonic()
            why = await getattr(self, f"_{step['kind']}")(step["do"], dict(step["args"]))
            self._trace.write(json.dumps(step | {"at": round(at, 3)} | ({"skipped": why} if why else {})) + "\n")
            (self.found.skipped if why else self.found.steps)[f"{step['kind']}.{step['do']}"] += 1

    async def _write(self, do: str, args: Step) -> str | None:
        await self.writer.ask("write", **args)
        return None

    async def _pause(self, do: str, args: Step) -> str | None:
        await self.writer.ask("pause")
        await asyncio.sleep(args["for_s"])
        await self.writer.ask("resume")
        return None

    async def _A(self, do: str, args: Step) -> str | None:  # noqa: N802 (the name of the class of faults)
        if do == "switch" or (self.settings.linked and do == "rotate" and not self._settled):
            # A link that is switched twice, or whose file is rotated too, leaves a file behind that nobody can find.
            await self._catch_up()
            await self.writer.ask("resume")
        self._settled = do != "switch" and (self._settled and do != "rotate")
        answer = await self.writer.ask(do, **args)
        return answer.get("why")

    async def _B(self, do: str, args: Step) -> str | None:  # noqa: N802
        await self._catch_up()
        await self._do_to_log(do, args)
        await self.writer.ask("resume")
        return None

    async def _C(self, do: str, args: Step) -> str | None:  # noqa: N802
        state = await self.writer.ask("status")
        if state["busy"]:
            return "busy"
        seen = await self.reader.seen(state["life"])
        return await self._do_to_log(do, args if do == "rotate_twice" else args | {"seen": seen})

    async def _do_to_log(self, do: str, args: Step) -> str | None:
        return (await self.writer.ask(do, **args)).get("why")

    async def _server(self, do: str, args: Step) -> str | None:
        if args.pop("audit", False):
            await self._audit()
            await self.writer.ask("resume")
        self._up_since = 1e12
        if do == "freeze":
            await asyncio.to_thread(self.server.freeze, FROZEN_S)
            self._up_since = time.monotonic()
            return None
        if do == "kill_worker":
            await asyncio.to_thread(self.server.kill_worker, args["index"])
        else:
            await self._restart(do)
        await self._come_up()
        return None

    async def _restart(self, do: str) -> None:
        try:
            await asyncio.to_thread(self.server.end if do == "end" else self.server.kill)
        except NoAnswerError as error:
            self.found.violations.append(str(error))
        if self.settings.rotated:
            await self.writer.ask("rotate", stale_s=1.0)
        await asyncio.to_thread(self.server.start)

    async def _come_up(self) -> None:
        try:
            await self.reader.come_up()
        except NoAnswerError as error:
            self.found.violations.append(str(error))
        await self.writer.ask("note", record={"started": self.server.workers()})
        self._up_since = time.monotonic()

    async def _proxy(self, do: str, args: Step) -> str | None:
        await self._tell_swarms("fault", **args)
        return None

    # -- looking ---------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """The trainer pauses, and all is read."""
        await self.writer.ask("pause")
        try:
            await self.reader.catch_up()
            self._settled = True
        except NoAnswerError as error:
            self.found.violations.append(str(error))

    async def _audit(self) -> None:
        """Compares what the program has with what was written, before it forgets."""
        await self._catch_up()
        await self._ask_for_all("/metrics.json", self._expected())
        self.found.audits += 1

    async def _ask_for_all(self, who: str, promised: Expected) -> None:
        try:
            text = await asyncio.to_thread(self.server.read, "/metrics.json", 120.0)
        except OSError as error:
            self.found.violations.append(f"{who}: {error}")
            return
        self._blame(who, await asyncio.to_thread(verdict_of, text, promised))

    def _expected(self) -> Expected:
        return expected(journal(self.folder / "journal.jsonl"))

    def _blame(self, who: str, wrong: dict[str, Any]) -> None:
        bad = {kind: wrong[kind] for kind in WRONG if wrong.get(kind)}
        if bad:
            self.found.violations.append(f"{who}: {bad}, first {wrong.get('first')}")
            first = [k for k in wrong["first"].values() if not isinstance(k, str)]
            lines = [("loss", k) if isinstance(k, int) else tuple(k) for k in first]
            self.found.first = self.found.first or next(iter(lines), None)

    async def _watch(self) -> None:
        """Memory, descriptors, silence and the time that lines take, all the time."""
        for turn in itertools.count():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 0.5)
            if self._over.is_set():
                return
            kilobytes, descriptors = self.server.weight()
            self.found.max_kb = max(self.found.max_kb, kilobytes)
            self.found.max_descriptors = max(self.found.max_descriptors, descriptors)
            state = await self.writer.ask("status")
            await self._tell_swarms("wrote", k=state["k"] - 1, at=state["at"])
            if turn % int(2 * SWARM_EVERY) == 0:
                await self._look_for_silence()

    async def _look_for_silence(self) -> None:
        gap = max(status["gaps"] for status in await self._tell_swarms("status"))
        if time.monotonic() - self._up_since > 2 * SILENCE:  # else the program itself was away
            self.found.gap = max(self.found.gap, gap)

    # -- the end ---------------------------------------------------------------------------------------

    async def _be_quiet(self) -> None:
        """Nothing goes wrong for a while: now a line has to come at once."""
        if self.found.violations:
            return
        await self._catch_up()
        await self.writer.ask("mode", mode="append")
        await self.writer.ask("resume")
        began = time.monotonic()
        await asyncio.sleep(QUIET_S)
        self.found.quiet = (began, time.monotonic())

    async def _judge(self) -> dict[str, Any]:
        sentinel = (await self.writer.ask("sentinel"))["k"]
        await self._catch_up()
        await self._tell_swarms("calm")
        waited = await self._tell_swarms("wait", HOLDS_WITHIN + 20, sentinel=sentinel, within_s=HOLDS_WITHIN)
        if not all(answer["ok"] for answer in waited):
            self.found.violations.append(f"not all hold the last line after {HOLDS_WITHIN:g} s: {str(waited)[:500]}")
        promised = self._expected()
        promised.save(self.folder / "expected.npz")
        verdicts = await self._tell_swarms("judge", 300, expected=str(self.folder / "expected.npz"))
        await self._ask_for_all("/metrics.json at the end", promised)
        await self._count_viewers()
        self._look_at_weight(promised)
        return self._report(promised, verdicts, await self._tell_swarms("latencies"))

    async def _count_viewers(self) -> None:
        """The program's own count of its viewers comes to be the true one."""
        if self.settings.workers != 1:
            return
        deadline = time.monotonic() + COUNTED_WITHIN
        while True:
            live = sum(status["live"] for status in await self._tell_swarms("status"))
            told = next(iter((await asyncio.to_thread(self.server.statuses)).values()), {}).get("clients")
            if live == told:
                return
            if time.monotonic() > deadline:
                self.found.violations.append(f"/status.json says {told} viewers, and {live} are there")
                return
            await asyncio.sleep(0.5)

    def _look_at_weight(self, promised: Expected) -> None:
        found = self.found
        points = promised.count("must") + promised.count("may")
        if found.max_kb > MEMORY + points * BYTES_PER_POINT / 1000:
            found.violations.append(f"{found.max_kb} kB for {points} points")
        spare = self.server.weight()[1] - found.first_descriptors - self.settings.clients
        if spare > SPARE_DESCRIPTORS:
            found.violations.append(f"{spare} descriptors more than the viewers need")
        if found.gap > SILENCE:
            found.violations.append(f"a steady viewer heard nothing for {found.gap:.1f} s")
        said = self.server.output.read_text(errors="replace")
        found.violations += [f"the program said {word}" for word in FORBIDDEN if word in said]

    def _report(
        self, promised: Expected, verdicts: list[dict[str, Any]], latencies: list[dict[str, Any]]
    ) -> dict[str, Any]:
        found = self.found
        for verdict in verdicts:
            for name, client in verdict["clients"].items():
                self._blame(name, client)
        samples = [sample for told in latencies for sample in told["samples"]]
        quiet = [sample for sample in samples if found.quiet[0] < sample[0] < found.quiet[1]]
        busy = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)  # then it says more of the machine than of the program
        if not found.violations and not busy and (not quiet or _latency(quiet)["p99"] > P99):
            found.violations.append(f"lines came late though nothing went wrong: {_latency(quiet)}")
        resets = sum(verdict["resets"] for verdict in verdicts)
        destructive = [name for name in found.steps if name[0] in "BC" or name.startswith("server") or "switch" in name]
        if resets and not destructive:
            found.violations.append(f"{resets} resets without a cause")
        return {
            **asdict(self.settings),
            "faults": sum(n for name, n in found.steps.items() if name.split(".")[0] not in ("write", "pause")),
            "steps": dict(found.steps),
            "skipped": dict(found.skipped),
            "audits": found.audits,
            "must": promised.count("must"),
            "may": promised.count("may"),
            **{kind: sum(verdict["sum"].get(kind, 0) for verdict in verdicts) for kind in WRONG},
            "connects": sum(verdict["connects"] for verdict in verdicts),
            "resets": resets,
            "latency": _latency(samples),
            "quiet_latency": _latency(quiet),
            "load": os.getloadavg()[0],
            "max_kb": found.max_kb,
            "max_descriptors": found.max_descriptors,
            "gap": round(found.gap, 2),
            "slowest_catch_up": round(self.reader.slowest, 1),
            "first": found.first,
            "violations": found.violations,
            "verdict": "FAIL" if found.violations else "PASS",
        }


def _halves(clients: int) -> list[dict[str, int]]:
    """How many of each kind there are in each of the two swarms."""
    due = {kind: clients * share / 100 for kind, share in SHARES.items()}
    counts = {kind: int(number) for kind, number in due.items()}
    for kind in sorted(due, key=lambda kind: counts[kind] - due[kind])[: clients - sum(counts.values())]:
        counts[kind] += 1
    counts |= EXTRA
    halves: list[dict[str, int]] = [{}, {}]
    for turn, kind in enumerate(kind for kind, count in counts.items() for _ in range(count)):
        half = halves[turn % 2]
        half[kind] = half.get(kind, 0) + 1
    return halves


def _latency(samples: list[tuple[float, float]]) -> dict[str, Any]:
    """From the writing of a line to its arrival, s; a rotation alone takes more than 5 of them."""
    if not samples:
        return {"p50": None, "p99": None, "samples": 0}
    p50, p99 = np.percentile([seconds for _, seconds in samples], [50, 99]).round(3).tolist()
    return {"p50": p50, "p99": p99, "samples": len(samples)}


def summary(report: dict[str, Any]) -> str:
    """The report in one line."""
    counts = " ".join(f"{kind}={report[kind]}" for kind in ("lost", "repeated", "invented"))
    return (
        f"chaos seed={report['seed']} {report['minutes']:.1f}min faults={report['faults']} "
        f"lines={report['must'] + report['may']:,} clients={report['clients']} connects={report['connects']:,} "
        f"{counts} p99={report['quiet_latency']['p99']}s {report['verdict']}"
    )


def story(folder: Path, first: tuple[str, int] | None) -> list[str]:
    """What the journal says of a line, and the steps that came before it was written."""
    if first is None:
        return []
    lines = told(journal(folder / "journal.jsonl"), *first)
    at = max((record["at"] for record in lines if "wrote" in record), default=0.0)
    steps = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()[1:]]
    before = [step for step in steps if step["at"] <= at][-5:]
    return [f"the journal on {first[0]} {first[1]}, and five steps before:", *map(json.dumps, [*lines, *before])]


def settings_of(args: argparse.Namespace) -> tuple[Settings, list[Step] | None]:
    """What is asked for, and the steps where they are to be replayed."""
    if args.replay:
        head, *steps = map(json.loads, args.replay.read_text().splitlines())
        return Settings(**head), [step for step in steps if "skipped" not in step]
    profile = PROFILES[args.profile]
    chosen = {name: getattr(args, name) or profile[name] for name in ("minutes", "clients", "rate")}
    rotated = args.seed % 4 == 2
    kinds = {
        "workers": args.workers or (3 if args.seed % 5 == 3 else 1),
        "rotated": rotated,
        "linked": args.seed % 3 == 1 and not rotated,
    }
    return Settings(args.seed, **chosen, **kinds), None


def main() -> None:
    """Runs it and leaves with its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, help="of faults")
    parser.add_argument("--clients", type=int)
    parser.add_argument("--rate", type=float, help="lines a second")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--profile", choices=PROFILES, default="day")
    parser.add_argument("--workers", type=int, help="by default 1, for some seeds 3")
    parser.add_argument("--replay", type=Path, metavar="TRACE", help="the steps of another run, its settings too")
    parser.add_argument("--source", type=Path, default=ROOT, help="the tree whose program is run")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a run that passes, too")
    args = parser.parse_args()
    settings, steps = settings_of(args)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)
    run = Run(settings, folder, steps, args.source)
    try:
        report = asyncio.run(run.go())
    except Exception as error:
        gone = isinstance(error, NoAnswerError) and bool(run.found.steps)
        who = "the program" if gone else "the harness"
        print(f"chaos seed={settings.seed}: {who} failed: {error!r}; see {folder}", flush=True)
        if not isinstance(error, NoAnswerError | SilentError):
            traceback.print_exc()
        sys.exit(1 if gone else 2)
    (folder / "report.json").write_text(json.dumps(report, indent=1))
    print(summary(report), flush=True)
    if report["violations"]:
        print(*report["violations"][:20], *story(folder, report["first"]), f"kept: {folder}", sep="\n", flush=True)
    elif not args.keep:
        shutil.rmtree(folder)
    sys.exit(bool(report["violations"]))


if __name__ == "__main__":
    main()

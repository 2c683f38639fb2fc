"""Weeks of a server in minutes → one line that says whether anything grew; the exit status is 1 where it did.

    python -m tests.soak --minutes 10

The real program follows a log that is written as fast as the viewers get it, and is rotated after as many lines as in
5 minutes of a real one. Viewers leave and come back, pictures are drawn. Each second the worker's memory, descriptors
and threads are looked at; all of it goes into a CSV file. `--fault leak_bytes=500` is how to see that it can fail.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Server, serving
from tests.soak.load import Coming, Writer
from tests.soak.verdict import Sample, drifts, quarters, slope, warm
from tests.sse import watch

LINGER = 0.1
"""Seconds for which a rotated file is still read; 5 in a real run, in which hardly any would pass here."""
KEPT = 1_000_000
"""Bytes of pictures that are kept; of 16 MB the run would be over before they are full."""
LEFT_OPEN = 4 + 16
"""What is held on purpose: rotated files, and the fonts of pictures (8 for each of two threads)."""
WITHIN = 60.0
"""Seconds in which something must have moved on."""
NOISE = 0.05


class Asker:
    """Who asks the server all the time: is it well, what does it look like?"""

    def __init__(self, server: Server, picture_every: float) -> None:
        """Begins at once."""
        self.pictures = 0
        self.seconds: list[tuple[float, float]] = []
        """(when, s that /healthz took)."""
        self.failed: list[str] = []
        self._server, self._every = server, picture_every
        self._over = threading.Event()
        self._threads = [threading.Thread(target=ask) for ask in (self._ask_for_health, self._ask_for_pictures)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask_for_health(self) -> None:
        while not self._over.wait(0.1):
            before = time.monotonic()
            if self._get("/healthz"):
                self.seconds.append((before, time.monotonic() - before))

    def _ask_for_pictures(self) -> None:
        while not self._over.wait(self._every):
            self.pictures += self._get("/plot.png")  # another one each time: lines have come meanwhile

    def _get(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self._server.url + path, timeout=30) as answer:
                answer.read()
        except OSError as error:
            self.failed.append(f"{path}: {error}")
            return False
        return True


class Soak:
    """One run: the server, who writes, who looks, and what was seen of them."""

    def __init__(self, server: Server, log: Path, given: argparse.Namespace) -> None:
        """Looks at the server before anybody comes."""
        self.server, self.given = server, given
        self.worker: int = server.json("/status.json")["worker"]
        self.idle = self._open_files()
        self.began = time.monotonic()
        self.writer = Writer(log, given.rate)
        self.coming = Coming(server.port, given.viewers, given.reconnect)
        self.asker = Asker(server, given.picture)
        self.samples: list[Sample] = []
        self._sample_at = 0.0

    def run(self) -> list[str]:
        """All of it; what was found to be wrong."""
        end = self.began + 60 * self.given.minutes
        while time.monotonic() < end:
            before = self.writer.lines, self.coming.viewers[0].last
            until = min(end, time.monotonic() + WITHIN / 2)
            watch(self.coming.viewers, lambda until=until: time.monotonic() >= until, WITHIN, self._between)
            if not self.given.rate and (self.writer.lines, self.coming.viewers[0].last) == before:
                return [f"nothing has come for {WITHIN / 2:g} s after line {before[1]}", *self._wrong()]
        watch(self.coming.viewers, self._all_came, WITHIN)
        self.asker.stop()
        return [*self._wrong(), *self._left_open(), *drifts(self.samples, self.times(), NOISE)]

    def times(self) -> dict[str, list[tuple[float, float]]]:
        """What was measured all the time: (when, s) by name."""
        return {"/healthz": self.asker.seconds, "write to receive": self.writer.seconds}

    def _between(self) -> None:
        first = self.coming.viewers[0].last
        self.writer.came(first)
        self.writer.write(first)
        self.coming.go_and_come()
        if time.monotonic() >= self._sample_at:
            self._sample_at = time.monotonic() + self.given.sample
            self.samples.append(self._sample())

    def _sample(self) -> Sample:
        facts = dict(row.split(":", 1) for row in Path(f"/proc/{self.worker}/status").read_text().splitlines())
        return Sample(
            time.monotonic() - self.began,
            int(facts["VmRSS"].split()[0]) * 1024 / 1e6,
            self._open_files(),
            int(facts["Threads"]),
            sum(viewer.socket is not None for viewer in self.coming.viewers),
            self.writer.lines,
            self.coming.reconnects,
            self.writer.rotations,
            self.asker.pictures,
        )

    def _open_files(self) -> int:
        return len(list(Path(f"/proc/{self.worker}/fd").iterdir()))

    def _all_came(self) -> bool:
        return all(viewer.last == self.writer.lines for viewer in self.coming.viewers)

    def _wrong(self) -> list[str]:
        self.asker.stop()
        self.writer.close()
        found = [*self.coming.wrong(), *self.asker.failed]
        if self.server.json("/status.json")["worker"] != self.worker:
            found.append("the worker was replaced")
        return found + [f"the server said: {row}" for row in self.server.log_text().splitlines() if "Traceback" in row]

    def _left_open(self) -> list[str]:
        """The descriptors that stay when all viewers have gone."""
        for viewer in self.coming.viewers:
            viewer.close()
        deadline = time.monotonic() + WITHIN
        most = self.idle + LEFT_OPEN + 2
        while self.server.json("/status.json")["clients"] or self._open_files() > most:
            if time.monotonic() > deadline:
                return [f"{self._open_files()} descriptors without a viewer, {self.idle} at the start"]
            time.sleep(0.1)
        return []


def summary(soak: Soak, wrong: Sequence[str]) -> str:
    """The one line."""
    first, last = soak.samples[0], soak.samples[-1]
    growth = slope(warm(soak.samples))
    slower = "".join(
        " p99 of {} {:.0f} → {:.0f} ms,".format(name, *(1000 * value for value in quarters(times)))
        for name, times in soak.times().items()
    )
    return (
        f"soak {last.seconds / 60:.1f} min, {last.lines:,} lines ({last.lines / last.seconds:,.0f}/s), "
        f"{last.rotations:,} rotations, {last.reconnects:,} reconnects, {last.pictures:,} pictures: "
        f"RSS {warm(soak.samples)[0].rss:.1f} → {last.rss:.1f} MB ({growth.per_hour:+.1f} MB/h, "
        f"{growth.per_million_lines:+.2f} MB per 10⁶ lines, {growth.grown:+.1f} MB after the warm-up), "
        f"{first.fds - first.clients} → {last.fds - last.clients} descriptors but viewers, "
        f"{last.threads} threads,{slower} {'FAIL' if wrong else 'PASS'}"
    )


def write_csv(path: Path, samples: Sequence[Sample]) -> None:
    """All samples, a row each."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(Sample._fields)
        rows.writerows(samples)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What was asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.soak")
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--rate", type=float, default=0, help="lines/s; 0: as fast as they are followed")
    asked.add_argument("--viewers", type=int, default=20)
    asked.add_argument("--reconnect", type=float, default=4, help="s after which a viewer goes, on average")
    asked.add_argument("--picture", type=float, default=1, help="s between two pictures")
    asked.add_argument("--sample", type=float, default=1, help="s between two looks at the worker")
    asked.add_argument("--max-points", type=int, default=100_000, help="points that the server may hold")
    asked.add_argument("--csv", type=Path, default=Path(tempfile.gettempdir()) / "tailplot-soak.csv")
    asked.add_argument("--fault", action="append", default=[], help="NAME=NUMBER, see tests/chaos/site")
    return asked.parse_args(given)


def shim(folder: Path, log: Path, faults: Sequence[str]) -> dict[str, str]:
    """The environment in which rotated files are let go sooner, and the faults happen that were asked for."""
    control = folder / "faults.json"
    asked: dict[str, Any] = {name: int(number) for name, _, number in (fault.partition("=") for fault in faults)}
    if asked:
        asked["path"] = str(log)
    constants = {"app.sources.file": {"LINGER": LINGER}, "app.routes": {"MOST_KEPT": KEPT}}
    control.write_text(json.dumps(asked | {"constants": constants}))
    return {"FAULTS": str(control), "PYTHONPATH": f"{ROOT / 'tests' / 'chaos' / 'site'}:{ROOT}"}


def main(given: Sequence[str]) -> int:
    """Run it, and say what came of it."""
    asked = arguments(given)
    with tempfile.TemporaryDirectory(prefix="tailplot-soak-") as name:
        folder, log = Path(name), Path(name) / "train.log"
        flags = ("--max-points", str(asked.max_points))
        with serving(folder, log, *flags, env=shim(folder, log, asked.fault)) as server:
            soak = Soak(server, log, asked)
            try:
                wrong = soak.run()
            finally:
                soak.asker.stop()
                write_csv(asked.csv, soak.samples)
    for one in wrong[:20]:
        print(one)
    print(summary(soak, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

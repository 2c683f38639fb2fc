"""Does the chaos see anything? Programs that were broken on purpose, each of which it has to find out.

    python -m tests.chaos.mutants                        # all of them, three seeds each
    python -m tests.chaos.mutants half_a_line_is_read --seeds 7

Each patch in the folder `mutants` begins with the fault in words. Exit status 0: each was found out with every seed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.chaos.server import ROOT

PATCHES = ROOT / "tests" / "chaos" / "mutants"
SOUND = "sound"
"""The program as it is: the one that has to pass."""
SEEDS = (1, 2, 3)
MINUTES = 2.5
"""Of faults; with the end of a run, under three."""
TO_SETTLE_S = 120.0
"""Seconds that a run may take besides its faults."""
FOUND_OUT, PASSED = 1, 0
WORDS = {FOUND_OUT: "FAIL", PASSED: "PASS"}


class Outcome(NamedTuple):
    """How one run ended: its exit status, how many seconds it took, what was found first."""

    status: int
    seconds: float
    found: str


def names() -> list[str]:
    """Of all broken programs."""
    return sorted(patch.stem for patch in PATCHES.glob("*.patch"))


def fault(name: str) -> str:
    """What is broken, in words."""
    return (PATCHES / f"{name}.patch").read_text().split("\n", 1)[0]


@contextmanager
def broken(name: str) -> Iterator[Path]:
    """A tree with a copy of the program that has this fault."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        for part in ("app", "static", "templates"):
            shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "gunicorn.conf.py", tree)
        if name != SOUND:
            apply(name, tree)
        yield tree


def apply(name: str, tree: Path, *how: str) -> None:
    """Breaks the program in this tree.

    Raises:
        ValueError: the patch does not fit it any more.
    """
    # Not as a part of whatever repository the tree may lie in: there git would leave it alone.
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    command = ["git", "apply", *how, str(PATCHES / f"{name}.patch")]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{name} does not fit the program any more: {done.stderr.strip()}")


def run(tree: Path, seed: int, minutes: float) -> Outcome:
    """Lets the chaos loose on a tree; it ends at the first thing that is wrong."""
    began = time.monotonic()
    args = ["--profile", "ci", "--minutes", str(minutes), "--seed", str(seed), "--source", str(tree)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.run", *args],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            said = process.communicate(timeout=minutes * 60 + TO_SETTLE_S)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # so that it ends its own processes
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            said = f"\nnot over after {minutes * 60 + TO_SETTLE_S:g} s"
    _, *found = said.strip().split("\n")
    _remove(said)
    return Outcome(process.returncode, time.monotonic() - began, found[0] if found else said.strip())


def _remove(said: str) -> None:
    """Takes away the folder that a run that was found out has kept."""
    for line in said.splitlines():
        kept = line.removeprefix("kept: ")
        if kept != line and Path(kept).name.startswith("chaos-"):
            shutil.rmtree(kept, ignore_errors=True)


def main() -> None:
    """Runs them one after another, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=names(), metavar="NAME", help=f"of {', '.join([*names(), SOUND])}")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of faults, at most")
    args = parser.parse_args()
    right = True
    print("| fault | seed | verdict | after | first found |\n|---|---|---|---|---|", flush=True)
    for name in args.names:
        for seed in args.seeds:
            with broken(name) as tree:
                status, seconds, found = run(tree, seed, args.minutes)
            right &= status == (PASSED if name == SOUND else FOUND_OUT)
            verdict = WORDS.get(status, f"status {status}")
            print(f"| {name} | {seed} | {verdict} | {seconds:.0f} s | {found[:100]} |", flush=True)
    sys.exit(not right)


if __name__ == "__main__":
    main()

"""The fewest steps of a run of chaos that still fail.

    python -m tests.chaos.shrink /tmp/chaos-…/trace.jsonl

Each try is a whole run, so there are not many of them; what fails by the luck of a moment may not fail again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos.schedule import Step
from tests.chaos.server import ROOT

RUNS = 20


def shrunk(steps: Sequence[Step], fails: Callable[[list[Step]], bool], runs: int = RUNS) -> list[Step]:
    """Leaves out ever smaller parts of the steps as long as it fails without them (ddmin); at most so many tries."""
    left, parts = list(steps), 2
    while runs and parts <= len(left):
        size = -(-len(left) // parts)
        for first in range(0, len(left), size):
            fewer = without(left, first, first + size)
            runs -= 1
            if fails(fewer):
                left, parts = fewer, max(2, parts - 1)
                break
            if not runs:
                break
        else:
            if size == 1:
                break
            parts = min(len(left), 2 * parts)
    return left


def without(steps: Sequence[Step], first: int, after: int) -> list[Step]:
    """The steps without some of them, whose time passes all the same."""
    gap = sum(step["gap"] for step in steps[first:after])
    rest = list(steps[after:])
    if rest:
        rest[0] = rest[0] | {"gap": round(rest[0]["gap"] + gap, 3)}
    return [*steps[:first], *rest]


def main() -> None:
    """Prints the trace that is left."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.shrink", description=__doc__.splitlines()[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--source", type=Path, default=ROOT, help="the tree whose program is run")
    parser.add_argument("--runs", type=int, default=RUNS)
    args = parser.parse_args()
    head, *lines = args.trace.read_text().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.jsonl"

        def fails(steps: list[Step]) -> bool:
            trace.write_text("\n".join([head, *map(json.dumps, steps)]))
            command = [sys.executable, "-m", "tests.chaos.run", "--replay", str(trace), "--source", str(args.source)]
            code = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
            print(f"{len(steps)} steps: {'fails' if code == 1 else 'passes'}", file=sys.stderr, flush=True)
            return code == 1

        left = shrunk([step for step in map(json.loads, lines) if "skipped" not in step], fails, args.runs)
    print("\n".join([head, *map(json.dumps, left)]))


if __name__ == "__main__":
    main()

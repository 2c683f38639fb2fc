"""chaos, in short: a trainer, a server and viewers to whom everything happens, and no point is lost or doubled."""

import random
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(120)
KNOWN = 35
"""A seed whose first seconds have something of everything."""


@pytest.mark.parametrize("seed", [KNOWN, random.randrange(10_000)])
def test_whatever_happens_every_viewer_has_every_point_once(seed: int) -> None:
    command = [sys.executable, "-m", "tests.chaos.run", "--profile", "ci", "--seed", str(seed)]
    run = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr

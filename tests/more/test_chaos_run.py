"""chaos, in short: a trainer, a server and viewers to whom everything happens, and no point is lost or doubled."""

import os
import random
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(120)
KNOWN, IN_CI = 35, 9
"""A seed whose first seconds have something of everything; and one more: in CI the same examples every time."""


@pytest.mark.parametrize("which", ["known", "new"])
def test_whatever_happens_every_viewer_has_every_point_once(which: str) -> None:
    seed = KNOWN if which == "known" else IN_CI if "CI" in os.environ else random.randrange(10_000)
    command = [sys.executable, "-m", "tests.chaos.run", "--profile", "ci", "--seed", str(seed)]
    run = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr

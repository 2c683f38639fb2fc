"""A child process that is told what to do, one JSON command a line, and answers each with one JSON line."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.chaos.server import ROOT

ANSWERS_WITHIN = 30.0


class SilentError(Exception):
    """A part of the harness does not do what it was told."""


class Talk:
    """One such child."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self._name, self._process = name, process
        self._turn = asyncio.Lock()

    @classmethod
    async def begin(cls, module: str, *args: str, errors: Path) -> "Talk":
        """Starts `python -m MODULE ARGS`; what it says on stderr goes to a file."""
        with errors.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, *args),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                limit=1 << 26,
            )
        return cls(f"{module} (see {errors})", process)

    async def ask(self, do: str, within: float = ANSWERS_WITHIN, **args: Any) -> dict[str, Any]:
        """The answer to one command.

        Raises:
            SilentError: there is none in time, or it is that an error was met.
        """
        assert self._process.stdin and self._process.stdout
        async with self._turn:
            try:
                async with asyncio.timeout(within):
                    self._process.stdin.write(json.dumps({"do": do} | args).encode() + b"\n")
                    line = await self._process.stdout.readline()
            except (TimeoutError, OSError) as error:
                raise SilentError(f"{self._name}: no answer to {do}: {error!r}") from None
        answer = json.loads(line) if line else {"error": "it is gone"}
        if "error" in answer:
            raise SilentError(f"{self._name}: {do}: {answer['error']}")
        return answer

    async def end(self) -> None:
        """Lets it end, and kills it where it does not."""
        with contextlib.suppress(OSError, TimeoutError, ProcessLookupError):
            assert self._process.stdin
            self._process.stdin.close()
            async with asyncio.timeout(5):
                await self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

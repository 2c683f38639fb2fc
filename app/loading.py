"""How extensions are found: the modules of a package by their name alone, a file of the user's own by its path."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

MOST_WORDS = 200
"""Characters of an exception's own message that are shown."""


def modules_in(package: str) -> list[ModuleType]:
    """The modules that lie directly in `package` ("app.formats"), imported, by name; `_private` ones not."""
    home = importlib.import_module(package)
    names = sorted(m.name for m in pkgutil.iter_modules(home.__path__) if not m.name.startswith("_"))
    return [importlib.import_module(f"{package}.{name}") for name in names]


def load_file(path: str, name: str) -> ModuleType:
    """The Python file at `path`, run as the module `name`. Modules beside it can be imported.

    Raises:
        ValueError: it cannot be loaded: which error, in which line of it.
    """
    code = _compiled(path)
    folder = str(Path(path).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # at the end: a csv.py that lies there must not hide the library's
    # By hand, because importlib would leave a __pycache__ beside the user's file.
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise ValueError(where(path, line_of(path, error.__traceback__)) + words(error)) from None
    return module


def _compiled(path: str) -> CodeType:
    if not Path(path).is_file():  # a FIFO would be waited for
        raise ValueError(where(path) + ("it is not a file" if Path(path).exists() else "there is no such file"))
    try:
        # What this file says of __future__ must not hold for that one.
        return compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ValueError(where(path, error.lineno or 0) + f"{type(error).__name__}: {error.msg}") from None
    except OSError as error:
        raise ValueError(where(path) + (error.strerror or words(error))) from None
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL in it; nested beyond what Python can read
        raise ValueError(where(path) + words(error)) from None


def where(path: str, line: int = 0) -> str:
    """`hooks.py line 3: `, the head of a sentence; 0: the line is not known."""
    return f"{path} line {line}: " if line else f"{path}: "


def line_of(path: str, trace: TracebackType | None) -> int:
    """The line of that file in which an error arose, or from which it called what raised; 0 for none."""
    line = 0
    while trace:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def words(error: BaseException) -> str:
    """`ValueError: what it says`, on one line, at most `MOST_WORDS` of it."""
    try:
        said = " ".join(str(error).split())[:MOST_WORDS]
    except Exception:  # the error's own __str__ may be broken
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__

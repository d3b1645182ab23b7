"""Runs Python programs, each in a process of its own, which finds loaded what those before it have loaded.

    python forking.py MODULES [PROGRAM]

MODULES are the names, with commas between them, with which the modules begin that are worth it. Each line of the input
is the program, unless it is an argument, and its arguments; each line of the output is what came of it: exit status,
standard output, standard error. Nothing but Python is used, which may be another program's own.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback
from typing import IO, NoReturn


def main() -> None:
    """Run programs until the input ends."""
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    wanted, *program = sys.argv[1:]
    for line in sys.stdin:
        output, errors, loaded = (tempfile.TemporaryFile("w+") for _ in range(3))  # noqa: SIM115
        gc.freeze()
        child = os.fork()
        if not child:
            for number, file in enumerate((open(os.devnull), output, errors)):  # noqa: SIM115
                os.dup2(file.fileno(), number)
            _end(_status_of([*program, *json.loads(line)]), loaded)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, _text(output), _text(errors)]), flush=True)
        _load(tuple(wanted.split(",")), *json.loads(_text(loaded) or "[[], []]"))


def _status_of(command: list[str]) -> int:
    """Run a program to its end, as Python does."""
    sys.argv = command
    sys.path.insert(0, os.path.dirname(command[0]))
    try:
        runpy.run_path(command[0], run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(status: int, loaded: IO[str]) -> NoReturn:
    """End the process of a program as it is: to take down what it has loaded costs more than most programs do."""
    json.dump([sys.path, list(sys.modules)], loaded)
    for file in (sys.stdout, sys.stderr, loaded):
        file.flush()
    os._exit(status)


def _load(wanted: tuple[str, ...], path: list[str], modules: list[str]) -> None:
    """Load here what a program has loaded, but what would have to be loaded in another order."""
    own, sys.path = sys.path, path
    for name in modules:
        if name.startswith(wanted):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    sys.path = own


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    main()

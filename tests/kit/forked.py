"""The command in a process of its own, forked from one that has imported it already.

To start Python and import everything is most of what a short command costs.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["bridge.cli", "bridge.sim.run", "bridge.sinks.influx.client"])
_ONE_AT_A_TIME = threading.Lock()
"""multiprocessing's own processes are for one thread."""


def run_command(
    arguments: Sequence[str], environ: Mapping[str, str], *, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run `nofos-bridge` with these words; its exit code, and what it said."""
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _CONTEXT.Process(
            target=_become, args=(tuple(arguments), dict(environ), str(out), str(err))
        )
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), seconds)
        code = process.exitcode
        process.close()
        assert code is not None
        said = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (out, err)]
    return subprocess.CompletedProcess(list(arguments), code, *said)


def _become(arguments: Sequence[str], environ: Mapping[str, str], out: str, err: str) -> None:
    for path, stream in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["nofos-bridge", *arguments]
    from bridge.cli import main

    main()

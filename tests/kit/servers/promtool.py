"""promtool's opinion of an exposition."""

import subprocess

from tests.kit.servers.process import find_program

PATIENCE_SECONDS = 30.0


def promtool_check_metrics(text: str) -> tuple[int, str]:
    """The exit code (0 good, 3 complaints, 1 not readable) and what it said."""
    done = subprocess.run(
        [find_program("promtool"), "check", "metrics"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode()

"""What tests of deploy/ read files and ask tools with."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.kit.root import ROOT
from tests.kit.servers import find_program

DEPLOY = ROOT / "deploy"
PATIENCE_SECONDS = 60.0


def tool(name: str) -> str:
    """A program that the lock file of the tests installs, else one from Debian."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or find_program(name)


def ask(name: str, *arguments: str | Path, folder: Path = ROOT) -> tuple[int, str]:
    """The exit code of a tool, and what it said."""
    done = subprocess.run(
        [tool(name), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a YAML file, empty ones left out."""
    with path.open(encoding="utf-8") as file:
        # The same loader in C, ten times as fast: four modules read a hundred documents.
        for each in yaml.load_all(file, Loader=yaml.CSafeLoader):
            if each:
                yield each

"""The Dockerfile: small, without root, and ended in good order."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.parts import ask
from tests.kit.root import ROOT
from tests.kit.running import bridge
from tests.kit.servers import free_port

DOCKERFILE = ROOT / "Dockerfile"


def instructions(text: str) -> list[str]:
    """One line for each, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [line for line in joined.splitlines() if line]


def last_stage() -> list[str]:
    found = instructions(DOCKERFILE.read_text(encoding="utf-8"))
    start = max(number for number, line in enumerate(found) if line.startswith("FROM "))
    return found[start:]


def probe() -> str:
    """The Python line that says whether the container is well."""
    (health,) = (line for line in last_stage() if line.startswith("HEALTHCHECK"))
    found = re.search(r'"-c", "(.*)"\]$', health)
    assert found, health
    return found[1]


def probed(port: int) -> int:
    """What the health check's line exits with, where the page is on this port."""
    line = probe().replace(":9876/", f":{port}/")
    return subprocess.run([sys.executable, "-c", line], capture_output=True, check=False).returncode


def test_hadolint_has_nothing_to_say() -> None:
    assert ask("hadolint", "--failure-threshold", "style", DOCKERFILE) == (0, "")


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        (":${PYTHON}${DIGEST}\n", ":latest\n", "DL3007"),
        ('CMD ["run"]', "CMD run", "DL3025"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
    ],
)
def test_hadolint_notices_a_worse_one(tmp_path: Path, was: str, becomes: str, rule: str) -> None:
    worse = DOCKERFILE.read_text(encoding="utf-8").replace(was, becomes)
    (tmp_path / "Dockerfile").write_text(worse, encoding="utf-8")
    code, output = ask("hadolint", "--failure-threshold", "style", tmp_path / "Dockerfile")
    assert code == 1
    assert rule in output


def test_the_base_has_its_whole_version_and_room_for_a_digest() -> None:
    found = instructions(DOCKERFILE.read_text(encoding="utf-8"))
    (version,) = (line for line in found if line.startswith("ARG PYTHON="))
    assert re.fullmatch(r"ARG PYTHON=3\.\d+\.\d+-slim-[a-z]+", version)
    assert [line for line in found if line.startswith("FROM ")] == [
        "FROM python:${PYTHON}${DIGEST} AS build",
        "FROM python:${PYTHON}${DIGEST}",
    ]


def test_only_locked_wheels_are_installed() -> None:
    found = instructions(DOCKERFILE.read_text(encoding="utf-8"))
    runs = [line for line in found if line.startswith("RUN ")]
    assert "--require-hashes --only-binary :all: --requirement deploy/requirements.lock" in runs[0]
    assert "--no-deps --no-build-isolation ." in runs[1]


def test_the_last_stage_runs_nothing_and_takes_only_what_was_built() -> None:
    assert [line for line in last_stage() if line.startswith(("RUN", "COPY", "ADD"))] == [
        "COPY --from=build /opt/nofos-bridge /opt/nofos-bridge",
        "COPY --from=build --chown=65532:65532 /data /data",
    ]


def test_it_is_nobody_and_drains_when_stopped() -> None:
    kept = ("USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD")
    assert [line for line in last_stage() if line.startswith(kept)] == [
        "USER 65532:65532",
        'VOLUME ["/data"]',
        "EXPOSE 9876",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["nofos-bridge"]',
        'CMD ["run"]',
    ]


async def test_the_health_check_tells_a_bridge_that_is_well(tmp_path: Path) -> None:
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    async with bridge(tmp_path, nobody) as running:
        assert await asyncio.to_thread(probed, running.port) == 0


def test_the_health_check_tells_that_nobody_answers() -> None:
    assert probed(free_port()) == 1


def test_the_build_sees_nothing_of_tests_or_git() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignore if not line.startswith("#")] == [
        "*",
        "!bridge",
        "!deploy/requirements.lock",
        "!pyproject.toml",
        "!README.md",
        "**/__pycache__",
    ]

"""What `make check-deploy` asks of docker compose itself, built with Go: it needs no engine."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.parts import DEPLOY
from tests.deploy.render import binary

FILE = DEPLOY / "compose" / "compose.yaml"


def config(file: Path, *profiles: str, **environ: str) -> tuple[int, str]:
    """The exit code of `docker compose config`, and what it made of the file."""
    chosen = [word for name in profiles for word in ("--profile", name)]
    command = [binary("docker-compose"), "--file", str(file), "--project-directory",
               str(FILE.parent), *chosen, "config", "--format", "json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def services(*profiles: str, **environ: str) -> dict[str, Any]:
    code, output = config(FILE, *profiles, **environ)
    assert code == 0, output
    found: dict[str, Any] = json.loads(output)["services"]
    return found


def test_compose_takes_it_and_starts_the_simulator_only_when_asked() -> None:
    assert services("simulator").keys() - services().keys() == {"simulator"}
    assert len(services()) == 7


def test_nothing_listens_beyond_loopback_until_compose_is_told() -> None:
    ports = [port for each in services("simulator").values() for port in each.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    published = services(BROKER_LISTEN="192.168.10.2", CHARGERS="192.168.10.0/24")
    assert published["broker"]["ports"][0]["host_ip"] == "192.168.10.2"
    assert published["bridge"]["environment"]["NOFOS_HTTP__ALLOW"] == "192.168.10.0/24"


def test_each_starts_after_what_it_needs() -> None:
    waits = {
        (name, other): how["condition"].removeprefix("service_")
        for name, each in services("simulator").items()
        for other, how in each.get("depends_on", {}).items()
    }
    assert waits == {
        ("broker", "passwords"): "completed_successfully",
        ("bridge", "broker"): "healthy",
        ("bridge", "influxdb"): "healthy",
        ("prometheus", "bridge"): "started",
        ("prometheus", "alertmanager"): "started",
        ("grafana", "prometheus"): "healthy",
        ("simulator", "broker"): "healthy",
    }


def test_the_shell_gets_its_own_dollars() -> None:
    (line,) = services("simulator")["simulator"]["command"]
    assert line.endswith('"mqtt://chargers:$$(cat /run/secrets/mqtt_chargers)@broker:1883"')


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('"bridge:/data"', '"journal:/data"', 'refers to undefined volume journal'),
        ("[grafana_password, influxdb_token]", "[grafana]", 'refers to undefined secret grafana'),
        ("broker: {condition: service_healthy}", "mqtt: {condition: service_healthy}",
         'depends on undefined service "mqtt"'),
        ("stop_grace_period:", "stop_grace:", "additional properties 'stop_grace' not allowed"),
    ],
)  # fmt: skip
def test_compose_notices_what_leads_nowhere(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert was in text
    worse = tmp_path / "compose.yaml"
    worse.write_text(text.replace(was, becomes), encoding="utf-8")
    code, output = config(worse)
    assert code != 0
    assert message in output

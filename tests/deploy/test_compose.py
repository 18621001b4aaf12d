"""deploy/compose: valid, closed to the outside, and with a broker that tells its users apart."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from bridge.settings import load
from bridge.sim.run import SimOptions
from tests.deploy.parts import DEPLOY, ask, documents
from tests.kit.servers import Mosquitto, find_program
from tests.kit.support import Peer, Publisher, Subscriber, eventually

T = TypeVar("T", bound=Peer)
FOLDER = DEPLOY / "compose"
FILE = FOLDER / "compose.yaml"
SCHEMA = ("--builtin-schema", "vendor.compose-spec")


def compose() -> dict[str, Any]:
    (found,) = documents(FILE)
    return found


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def default(text: str) -> str:
    """A value with `${NAME:-default}` filled in, as where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder made by secrets.sh, run from a copy."""
    script = tmp_path / "secrets.sh"
    script.write_bytes((FOLDER / "secrets.sh").read_bytes())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    return tmp_path / "secrets"


@pytest.fixture
def passwords(tmp_path: Path, secrets: Path) -> Path:
    """The broker's password file, written by the service's own command."""
    (command,) = services()["passwords"]["command"]
    path = f"{os.environ['PATH']}:{Path(find_program('mosquitto_passwd')).parent}"
    local = command.replace("$$", "$").replace("/run/secrets", str(secrets))
    local = local.replace("/mosquitto/data", str(tmp_path))
    subprocess.run(["sh", "-euc", local], check=True, capture_output=True, env={"PATH": path})
    return tmp_path / "passwords"


@pytest.fixture
def broker(tmp_path: Path, passwords: Path) -> Iterator[Mosquitto]:
    """Mosquitto with the passwords and rules of compose, on a port of ours."""
    rules = (FOLDER / "mosquitto.acl").read_text(encoding="utf-8")
    more = ["allow_anonymous false", f"password_file {passwords}"]
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker", acl=rules, more=more) as server:
        yield server


def test_it_follows_the_compose_specification() -> None:
    assert ask("check-jsonschema", *SCHEMA, FILE) == (0, "ok -- validation done\n")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("stop_grace_period:", "stop_grace:"), ("read_only: true", "read_only: [x]")],
)
def test_what_the_specification_does_not_know_is_noticed(
    tmp_path: Path, was: str, becomes: str
) -> None:
    worse = tmp_path / "compose.yaml"
    worse.write_text(FILE.read_text(encoding="utf-8").replace(was, becomes), encoding="utf-8")
    assert ask("check-jsonschema", *SCHEMA, worse)[0] == 1


def test_nothing_listens_beyond_loopback_until_asked() -> None:
    ports = [default(port) for service in services().values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_all_run_hardened() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_every_image_has_its_whole_version() -> None:
    images = {default(service["image"]) for service in services().values()}
    assert [image for image in images if not re.search(r":v?\d+\.\d+\.\d+(-alpine)?$", image)] == []


def test_every_service_that_stays_has_a_health_check() -> None:
    # The bridge's is in the image; the passwords' service ends; nobody waits for the simulator.
    without = {name for name, service in services().items() if "healthcheck" not in service}
    assert without == {"bridge", "passwords"}


def test_what_a_service_names_is_there() -> None:
    whole = compose()
    for name, service in services().items():
        for secret in service.get("secrets", []):
            source = secret["source"] if isinstance(secret, dict) else secret
            assert source in whole["secrets"], name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (FOLDER / source).is_file(), name
            elif not source.startswith("../"):
                assert source in whole["volumes"], name
        assert set(service.get("depends_on", {})) <= services().keys()


def test_every_secret_is_made_once(secrets: Path) -> None:
    named = {Path(each["file"]).name for each in compose()["secrets"].values()}
    assert {path.name for path in secrets.iterdir()} == named
    assert secrets.stat().st_mode & 0o777 == 0o700
    before = {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}
    assert {len(text) for text in before.values()} == {48}
    subprocess.run(["sh", str(secrets.parent / "secrets.sh")], check=True, capture_output=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()} == before


def test_the_bridge_takes_its_settings_and_secrets(tmp_path: Path) -> None:
    bridge = services()["bridge"]
    for secret in bridge["secrets"]:
        (tmp_path / secret["target"]).write_text("secret\n", encoding="utf-8")
    environ = {name: default(value) for name, value in bridge["environment"].items()}
    settings = load(None, environ | {"NOFOS_SECRETS_DIR": str(tmp_path)})
    assert settings.mqtt.url.host == "broker"
    assert settings.mqtt.password is not None
    assert settings.influx.token is not None
    assert [str(network) for network in settings.http.allow] == ["192.168.0.0/16"]


def test_the_password_file_holds_no_password(passwords: Path, secrets: Path) -> None:
    text = passwords.read_text(encoding="utf-8")
    assert [line.split(":")[0] for line in text.splitlines()] == ["bridge", "chargers"]
    assert (secrets / "mqtt_bridge").read_text(encoding="utf-8") not in text
    assert passwords.stat().st_mode & 0o777 == 0o600


async def attempt(peer: Publisher, topic: str) -> None:
    """Publish what may be forbidden; some releases of Mosquitto hang up on that."""
    sent = peer._client.publish(topic, "1", qos=1)
    await eventually(lambda: sent.is_published() or peer.lost.is_set())


def client(kind: type[T], broker: Mosquitto, secrets: Path, user: str) -> T:
    """A client that logs in as one of the two users."""
    password = (secrets / f"mqtt_{user}").read_text(encoding="utf-8")
    return kind(broker.port, username=user, password=password)


async def test_the_bridge_hears_chargers_and_cannot_speak(broker: Mosquitto, secrets: Path) -> None:
    with (
        client(Subscriber, broker, secrets, "bridge") as ears,
        client(Publisher, broker, secrets, "bridge") as mute,
        client(Publisher, broker, secrets, "chargers") as liar,
        client(Publisher, broker, secrets, "chargers") as charger,
    ):
        await attempt(mute, "charger/a/rapi/in/$FD")
        await attempt(liar, "elsewhere/a")
        charger.publish("openevse/announce/a", "{}")
        charger.publish("charger/a/amp", "1")
        await eventually(lambda: ears.payloads("charger/a/amp"))
    assert [heard.topic for heard in ears.received] == ["openevse/announce/a", "charger/a/amp"]


async def test_nobody_speaks_to_the_broker_without_a_password(broker: Mosquitto) -> None:
    stranger = Publisher(broker.port)
    stranger.open()
    await eventually(lambda: stranger.refused)
    stranger.close()
    assert stranger.refused == "Not authorized"


def test_the_simulators_topics_are_the_chargers_own() -> None:
    options = SimOptions(broker="mqtt://broker:1883")
    assert (options.announce_prefix, options.base_prefix) == ("openevse/announce", "charger")


def test_prometheus_understands_its_settings(tmp_path: Path) -> None:
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert settings["scrape_configs"][0]["static_configs"] == [{"targets": ["bridge:9876"]}]
    assert ask("promtool", "check", "config", FOLDER / "prometheus.yml")[0] == 0
    worse = tmp_path / "prometheus.yml"
    worse.write_text("scrape_configs: [{job: x}]\n", encoding="utf-8")
    assert ask("promtool", "check", "config", worse)[0] == 1

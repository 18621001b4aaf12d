"""The systemd unit: valid, hardened, and patient while the bridge drains."""

import configparser
import re
import sys
import tomllib
from pathlib import Path

from bridge.app.service import DRAIN_SECONDS
from bridge.settings import load
from tests.deploy.parts import DEPLOY, ask

FOLDER = DEPLOY / "systemd"
UNIT = FOLDER / "nofos-bridge.service"
MOST_EXPOSED = 2.0
HARDENING = "systemd-analyze"


def exposure(unit: Path) -> float:
    """systemd's own figure, 0 (nothing to attack) to 10."""
    code, output = ask(HARDENING, "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", output)
    assert code == 0, output
    assert found, output
    return float(found[1])


def service() -> dict[str, str]:
    """What stands in [Service]; of a name that is repeated, the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read(UNIT, encoding="utf-8")
    return dict(parser["Service"])


def changed(folder: Path, was: str, becomes: str) -> Path:
    """The unit with another program or line, in a folder of its own."""
    text = UNIT.read_text(encoding="utf-8")
    assert was in text
    path = folder / UNIT.name
    path.write_text(text.replace(was, becomes), encoding="utf-8")
    return path


def test_there_is_little_to_attack() -> None:
    assert exposure(UNIT) <= MOST_EXPOSED


def test_a_unit_without_hardening_is_noticed(tmp_path: Path) -> None:
    bare = tmp_path / UNIT.name
    bare.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert exposure(bare) > MOST_EXPOSED


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    unit = changed(tmp_path, "/opt/nofos-bridge/bin/nofos-bridge", sys.executable)
    assert ask(HARDENING, "verify", "--man=no", unit) == (0, "")


def test_a_line_that_systemd_does_not_know_is_noticed(tmp_path: Path) -> None:
    changed(tmp_path, "/opt/nofos-bridge/bin/nofos-bridge", sys.executable)
    unit = tmp_path / UNIT.name
    unit.write_text(unit.read_text(encoding="utf-8").replace("UMask=", "UMusk="), encoding="utf-8")
    assert "UMusk" in ask(HARDENING, "verify", "--man=no", unit)[1]


def test_it_waits_longer_than_a_drain_takes() -> None:
    # The journal and the stores have this long each.
    assert int(service()["TimeoutStopSec"].removesuffix("s")) > 2 * DRAIN_SECONDS


def test_wrong_settings_are_not_tried_again_and_again() -> None:
    assert service()["Restart"] == "on-failure"
    assert service()["RestartPreventExitStatus"] == "2"


def test_the_example_settings_are_right(tmp_path: Path) -> None:
    example = FOLDER / "nofos-bridge.toml"
    assert tomllib.loads(example.read_text(encoding="utf-8"))["mqtt"]["username"] == "bridge"
    (tmp_path / "mqtt__password").write_text("secret\n", encoding="utf-8")
    settings = load(example, {"NOFOS_SECRETS_DIR": str(tmp_path)})
    assert settings.source_of("mqtt.password") == (f"secrets folder {tmp_path / 'mqtt__password'}")
    assert [str(network) for network in settings.http.allow] == ["192.168.0.0/16"]

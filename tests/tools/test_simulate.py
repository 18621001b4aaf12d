"""The broker's password of `simulate` comes from a file or the environment."""

from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from bridge.sim.endpoint import parse_broker
from bridge.tools.simulate import PASSWORD, broker_url


@pytest.mark.parametrize("password", ["x", "it's @ sea:/ %41", "žluťoučký"])
@pytest.mark.parametrize("url", ["mqtt://me@broker:1884", "mqtts://me@[::1]"])
def test_the_password_of_a_file_or_the_environment_is_used(
    tmp_path: Path, url: str, password: str
) -> None:
    file = tmp_path / "password"
    file.write_text(password + "\n", encoding="utf-8")
    for found in (broker_url(url, file, {}), broker_url(url, None, {PASSWORD: password})):
        endpoint = parse_broker(found)
        assert (endpoint.username, endpoint.password) == ("me", password)
        assert endpoint.host == parse_broker(url).host
        assert endpoint.port == parse_broker(url).port


@pytest.mark.parametrize("url", ["mqtt://me:own@broker", "mqtt://broker"])
def test_an_address_with_a_password_or_without_a_user_stays(url: str) -> None:
    assert broker_url(url, None, {PASSWORD: "x"}) == url


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read: No such file"):
        broker_url("mqtt://me@broker", tmp_path / "nowhere", {})
    (tmp_path / "password").write_text("x", encoding="ascii")
    with pytest.raises(CommandFailed, match="needs a user name"):
        broker_url("mqtt://broker", tmp_path / "password", {})

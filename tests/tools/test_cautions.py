"""What is right but risky is warned of, and the exit code stays 0."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from bridge.tools.check import check
from tests.kit.certificates import LONG_AGO, Authority

HOME = {"NOFOS_WEB__LISTEN": "127.0.0.1:9876"}
STORE = HOME | {"NOFOS_INFLUX__URL": "http://store:8086", "NOFOS_INFLUX__BUCKET": "b"}
ALSO = "mqtt.announce_topics contains {}, which also covers the telemetry of "
ALONE = "name the announce topics alone"


def _said(environ: dict[str, str]) -> str:
    """What good settings make `check` say beside them."""
    out, err = io.StringIO(), io.StringIO()
    assert check(None, environ, out, err) == 0
    return err.getvalue()


def _warnings(environ: dict[str, str]) -> list[str]:
    return [line for line in _said(environ).splitlines() if line.startswith("warning: ")]


def test_good_settings_without_risk_say_so_alone() -> None:
    assert _said(STORE) == "The settings are valid.\n"


@pytest.mark.parametrize(
    ("environ", "warning"),
    [
        (
            HOME,
            "influx.url is unset, so there is no store: points are kept in the journal only",
        ),
        (
            STORE | {"NOFOS_MQTT__ANNOUNCE_TOPICS": "openevse/#"},
            f"{ALSO.format('openevse/#')}every charger below openevse: {ALONE}",
        ),
        (
            STORE | {"NOFOS_MQTT__ANNOUNCE_TOPICS": "openevse/announce/+,openevse/+"},
            f"{ALSO.format('openevse/+')}a charger whose base topic is openevse: {ALONE}",
        ),
        (
            STORE
            | {
                "NOFOS_HTTP__ALLOW": "10.0.0.0/8,0.0.0.0/0",
                "NOFOS_HTTP__USERNAME": "me",
            },
            "http.allow contains every address: anyone who can announce receives the credentials",
        ),
        (
            STORE | {"NOFOS_HTTP__USERNAME": "me", "NOFOS_HTTP__PASSWORD": "x"},
            "http.allow is unset: polls carry no credentials until it names the networks",
        ),
        (
            STORE | {"NOFOS_MQTT__PASSWORD": "x"},
            "mqtt.password is set without mqtt.username: neither is sent to the broker",
        ),
        (
            STORE | {"NOFOS_MQTT_URL": "mqtt://broker"},
            "NOFOS_MQTT_URL is not a setting; did you mean NOFOS_MQTT__URL?",
        ),
    ],
)
def test_what_is_right_but_risky_is_warned_of(environ: dict[str, str], warning: str) -> None:
    assert _warnings(environ) == [f"warning: {warning}"]


def test_a_token_without_a_store_is_warned_of() -> None:
    assert _warnings(HOME | {"NOFOS_INFLUX__TOKEN": "x"})[1:] == [
        "warning: influx.token is set without influx.url: no effect"
    ]


def test_a_certificate_without_tls_is_warned_of(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert _warnings(STORE | {"NOFOS_MQTT__CA_FILE": str(tmp_path / "ca.pem")}) == [
        "warning: mqtt.ca_file is set, but mqtt.url is not mqtts://: it has no effect"
    ]


def _expiring(folder: Path, ends: datetime) -> dict[str, str]:
    """A server certificate for the page that is valid until then."""
    tls = Authority(folder).issue("web", "bridge.example", not_after=ends)
    tls.key_file.chmod(0o600)
    return STORE | {
        "NOFOS_WEB__CERT_FILE": str(tls.cert_file),
        "NOFOS_WEB__KEY_FILE": str(tls.key_file),
    }


def test_a_certificate_that_expired_is_warned_of(tmp_path: Path) -> None:
    (warning,) = _warnings(_expiring(tmp_path, LONG_AGO))
    assert warning.startswith(
        f"warning: web.cert_file {tmp_path / 'web.pem'} contains a certificate"
    )
    assert warning.endswith("that expired on 2020-01-02 00:00 UTC")


@pytest.mark.parametrize(("days", "warned"), [(13.9, 1), (14.1, 0)])
def test_a_certificate_is_warned_of_for_its_last_fortnight(
    tmp_path: Path, days: float, warned: int
) -> None:
    output = _warnings(_expiring(tmp_path, datetime.now(UTC) + timedelta(days=days)))
    assert len(output) == warned
    assert all("expires soon, on " in warning for warning in output)


@pytest.mark.parametrize(
    "environ",
    [
        {"NOFOS_HTTP__ALLOW": "0.0.0.0/0"},
        {"NOFOS_HTTP__ENABLED": "false", "NOFOS_HTTP__PASSWORD": "x"},
        {"NOFOS_BRIDGE_SERVICE_HOST": "10.0.0.1", "NOFOS_BRIDGE_PORT_9876_TCP_ADDR": "10.0.0.1"},
    ],
)
def test_what_is_harmless_is_not_warned_of(environ: dict[str, str]) -> None:
    assert _warnings(STORE | environ) == []


ONE_LOGIN = (
    "warning: http.username and http.password are one login for all chargers: entries with allow "
    "in http.credentials_file are recommended, so that a login goes to its charger alone"
)


@pytest.mark.parametrize(("wait", "more"), [("0s", 1), ("24h", 0)])
def test_a_login_that_all_chargers_share_is_warned_of(wait: str, more: int) -> None:
    login = {
        "NOFOS_HTTP__ALLOW": "10.0.0.0/8", "NOFOS_HTTP__USERNAME": "me",
        "NOFOS_HTTP__PASSWORD": "x", "NOFOS_HTTP__LOGIN_AFTER": wait,
    }  # fmt: skip
    output = _warnings(STORE | login)
    assert output[more:] == [ONE_LOGIN]
    assert all("24h is recommended" in line for line in output[:more])


@pytest.mark.parametrize(
    ("listen", "warned"),
    [("0.0.0.0:9876", True), ("[::]:9876", True), ("10.0.0.7:80", True), ("depot:80", True),
     ("127.0.0.1:9876", False), ("[::1]:9876", False), ("localhost:9876", False)],
)  # fmt: skip
def test_a_page_for_everybody_without_a_login_is_warned_of(listen: str, warned: bool) -> None:
    warnings = _warnings(STORE | {"NOFOS_WEB__LISTEN": listen})
    expected = (
        f"warning: web.listen is {listen} without web.username: whoever reaches the port sees the "
        "fleet; set a login, or listen on 127.0.0.1 only"
    )
    assert warnings == [expected] * warned


@pytest.mark.parametrize(
    ("url", "warned"),
    [("mqtt://broker", True), ("mqtt://10.0.0.1", True), ("mqtts://broker", False),
     ("mqtt://localhost", False), ("mqtt://127.0.0.1", False)],
)  # fmt: skip
def test_a_broker_password_in_clear_text_is_warned_of(url: str, warned: bool) -> None:
    login = {"NOFOS_MQTT__USERNAME": "bridge", "NOFOS_MQTT__PASSWORD": "x"}
    warnings = _warnings(STORE | login | {"NOFOS_MQTT__URL": url})
    expected = "warning: mqtt.password is sent in clear text: mqtt.url is not mqtts://"
    assert warnings == [expected] * warned


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_secret_that_every_user_may_read_is_warned_of(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "influx__token"
    secret.write_text("t0ken", encoding="ascii")
    logins = tmp_path / "logins.toml"
    logins.write_text("", encoding="ascii")
    for each in (secret, logins):
        each.chmod(mode)
    environ = {"NOFOS_SECRETS_DIR": str(tmp_path), "NOFOS_HTTP__CREDENTIALS_FILE": str(logins)}
    warnings = _warnings(STORE | environ)
    expected = [
        f"warning: influx.token {secret} may be read by every user: chmod o-r",
        f"warning: http.credentials_file {logins} may be read by every user: chmod o-r",
    ]
    assert warnings == (expected if mode == 0o644 else [])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("influx.token", 'influx.token = "t0ken"'),
        (
            "influx.mirrors.b.token",
            '[influx.mirrors.b]\nurl = "http://b"\nbucket = "b"\ntoken = "t"',
        ),
        (None, "influx.batch = 100"),
    ],
)
def test_a_settings_file_with_a_secret_is_one_too(
    tmp_path: Path, name: str | None, text: str, mode: int
) -> None:
    file = tmp_path / "my [site] settings.toml"
    file.write_text(text, encoding="ascii")
    file.chmod(mode)
    expected = f"warning: {name} {file} may be read by every user: chmod o-r"
    warned = mode == 0o644 and name is not None
    assert _warnings(STORE | {"NOFOS_CONFIG": str(file)}) == [expected] * warned

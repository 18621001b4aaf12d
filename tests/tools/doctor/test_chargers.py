"""`doctor` and the addresses that chargers announce: each refusal with its reason."""

from pathlib import Path

import pytest

from bridge.core.model import ChargerId
from bridge.storage.state_file import StateFile
from bridge.tools.doctor.broker import probe_broker
from bridge.tools.doctor.chargers import probe_chargers
from tests.kit.chargers import depot
from tests.kit.doctor import announced, case, findings, told
from tests.kit.polling import http, strange
from tests.kit.servers import Mosquitto

NEAR = {"HTTP__ALLOW": "127.0.0.0/8"}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1/", "is on the bridge's own machine, and not named in http.allow"),
        ("http://169.254.3.4/", "is link-local, and not named in http.allow"),
        ("http://224.0.0.1/", "is multicast, and not named in http.allow"),
        ("http://169.254.169.254/", "is a cloud's metadata service, and not named in http.allow"),
        (
            "http://[::ffff:10.0.0.1]/",
            "is an IPv6 address with an IPv4 address in it, and not named in http.allow",
        ),
        ("http://167772161/", "spells an address otherwise than as four decimal numbers"),
        ("http://012.0.0.1/", "spells an address otherwise than as four decimal numbers"),
        ("http://anna:hush@10.0.0.1/", "holds a user name or a password"),
        ("http://10.0.0.1\x1b[2J/", "holds a space or a control character"),
        ("http://8.8.8.8/", "is in no network of http.allow"),
        ("http://10.0.0.1:22/", "has a port that is not in http.ports"),
        ("http://10.0.0.1/reset", "has a path, a query or a fragment"),
        ("http://data.evil.example/", "has a host name that is not covered by http.names"),
        ("ftp://10.0.0.1/", "does not begin with http:// or https://"),
    ],
)
async def test_a_refused_address_is_told_with_its_reason(address: str, why: str) -> None:
    about = case()
    about.announced.update(announced(seven=address))
    (found,) = await findings(probe_chargers, about)
    assert (found.subject, found.status.value) == ("charger seven", "warning")
    assert found.message == f"not polled: its address {why}"
    assert found.remedy is not None
    assert "hush" not in str(found)


async def test_the_bridges_own_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.tools.doctor.chargers.is_own", lambda ip: str(ip) == "10.0.0.1")
    about = case()
    about.announced.update(announced(seven="http://10.0.0.1/"))
    assert await told(probe_chargers, about) == [
        (
            "warning",
            "not polled: its address is the bridge's own, and not named in http.allow",
        )
    ]


async def test_a_name_that_leads_to_a_refused_address_is_not_called() -> None:
    async with strange(http("{}")) as server:
        about = case(HTTP__PORTS=str(server.port), HTTP__NAMES="localhost")
        about.announced.update(announced(seven=f"http://localhost:{server.port}/"))
        ((verdict, found),) = await told(probe_chargers, about)
        assert server.requests == []
    assert verdict == "warning"
    assert found.endswith(
        "is not requested: its address is on the bridge's own machine, and not named in http.allow"
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            b'{"state":3,"amp"',
            "is the gateway short of memory? (at byte 16, in amp)",
        ),
        (b'{"my-ssid":"a"b"}', "that is not JSON: check that it is a charger (at byte 14)"),
        (b"", "sent an empty reply (at byte 0)"),
    ],
)
async def test_a_document_that_cannot_be_read_is_explained(body: bytes, why: str) -> None:
    async with strange(http(body)) as server:
        about = case(**NEAR, HTTP__PORTS=str(server.port))
        about.announced.update(announced(seven=f"http://127.0.0.1:{server.port}/"))
        ((verdict, found),) = await told(probe_chargers, about)
    assert verdict == "warning"
    assert why in found
    assert "my-ssid" not in found


async def test_many_refusals_are_summed_up() -> None:
    about = case()
    about.announced.update(announced(**{f"c{n}": "http://127.0.0.1/" for n in range(23)}))
    found = await told(probe_chargers, about)
    assert len(found) == 21
    assert found[-1] == ("warning", "3 more are not polled because of their address")


async def test_a_simulated_charger_heard_on_a_broker_answers(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    async with depot(tmp_path, mosquitto.url) as one:
        port = one.url.rpartition(":")[2]
        about = case(MQTT__URL=mosquitto.url, HTTP__PORTS=port, **NEAR)
        about.listen_seconds = 2.0
        await findings(probe_broker, about)
        ((verdict, found),) = await told(probe_chargers, about)
    assert verdict == "ok", found
    assert found.startswith(f"{one.url} replied in 0.")
    assert found.endswith(" s: state not_connected")


async def test_an_address_is_asked_once_and_a_handful_at_most() -> None:
    async with strange(http('{"state": 3}')) as server:
        about = case(HTTP__PORTS=str(server.port), **NEAR)
        hosts = {f"c{n}": f"http://127.0.0.{n}:{server.port}/" for n in range(2, 9)}
        twin = f"http://127.0.0.1:{server.port}/"
        about.announced.update(announced(a=twin, b=twin, **hosts))
        found = await told(probe_chargers, about)
        assert len(server.requests) == 1
        assert server.requests[0].startswith(b"GET /status HTTP/1.1\r\n")
    assert [verdict for verdict, _ in found] == ["warning", "ok", *["warning"] * 4, "not checked"]
    assert found[0][1] == f"2 chargers announced {twin.removesuffix('/')}: a, b"
    assert found[1][1].endswith(" s: state charging")
    assert found[-1][1] == "3 more addresses may be polled"


async def test_a_login_travels_only_where_a_network_was_named() -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "hush-hush"}
    async with strange(http("", "401 Unauthorized")) as server:
        about = case(HTTP__PORTS=str(server.port), **login, **NEAR)
        about.announced.update(announced(seven=f"http://127.0.0.1:{server.port}/"))
        ((verdict, found),) = await told(probe_chargers, about)
        assert b"Authorization: Basic" in server.requests[0]
    assert verdict == "warning"
    assert "refused the login (401)" in found
    assert "hush-hush" not in found


async def test_chargers_without_an_address_are_counted() -> None:
    about = case()
    about.announced.update(announced(a=None, b=None))
    assert await told(probe_chargers, about) == [
        ("not checked", "2 announced no web address (a last will contains none)")
    ]


async def test_without_announcements_or_polls_nothing_is_tried() -> None:
    assert await told(probe_chargers, case()) == [
        ("not checked", "no charger's web address is known: no charger announced itself")
    ]
    assert await told(probe_chargers, case(HTTP__ENABLED="false")) == [
        ("not checked", "http.enabled is off: no charger is polled")
    ]


async def test_a_charger_that_waits_for_the_login_is_not_asked(tmp_path: Path) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text('[known]\nalias = "seven"\n')
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "hush-hush", "HTTP__LOGIN_AFTER": "24h"}
    async with strange(http('{"state": 3}')) as server:
        about = case(
            HTTP__PORTS=str(server.port), FLEET__LABELS_FILE=str(labels),
            JOURNAL__DIR=str(tmp_path), **login, **NEAR,
        )  # fmt: skip
        liars = {f"liar{number}": f"http://127.0.0.2:{server.port}/" for number in range(22)}
        known = f"http://127.0.0.1:{server.port}/"
        about.announced.update(announced(known=known, **liars))
        found = await findings(probe_chargers, about)
        assert len(server.requests) == 1
    waits = "untrusted: not polled until it was heard for 24 h (http.login_after)"
    assert [each.message for each in found].count(waits) == 20
    assert "2 more chargers untrusted" in [each.message for each in found]
    assert found[-1].subject == "charger known"
    assert found[-1].status.value == "ok"


async def test_a_charger_that_the_data_folder_knows_is_asked(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    before, new = {"heard_at": 1.8e9}, {"heard_at": 1.8e9, "trusted": False}
    await state.save(chargers={ChargerId("seven"): before, ChargerId("eight"): new})
    await state.close(clean=True)
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "hush-hush", "HTTP__LOGIN_AFTER": "24h"}
    async with strange(http('{"state": 3}')) as server:
        about = case(HTTP__PORTS=str(server.port), JOURNAL__DIR=str(tmp_path), **login, **NEAR)
        address = f"http://127.0.0.1:{server.port}/"
        about.announced.update(announced(seven=address, eight=address))
        found = await told(probe_chargers, about)
        assert len(server.requests) == 1
    assert [verdict for verdict, _ in found] == ["not checked", "warning", "ok"]

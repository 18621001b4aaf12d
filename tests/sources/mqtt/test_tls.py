"""TLS to the broker: who is trusted, what each failure says, and that it is never final."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.settings import Settings
from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.tls import context, secure
from bridge.sources.mqtt.why import TlsTrouble, explain, explain_no_connack
from tests.kit.certificates import LONG_AGO, Authority
from tests.kit.mqtts import attempts, quick_retries, watched
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.servers.mosquitto import Tls
from tests.kit.settings import problem
from tests.kit.support import eventually


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with quick_retries(monkeypatch):
        yield


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def served(tmp_path: Path, authority: Authority) -> Iterator[Mosquitto]:
    """A broker with a good certificate for its address."""
    with Mosquitto(tmp_path, tls=authority.issue("server", "127.0.0.1")) as server:
        yield server


def demanding(folder: Path, authority: Authority, *more: str) -> Mosquitto:
    """A broker that accepts only clients with a certificate of the authority."""
    issued = authority.issue("server", "127.0.0.1")
    tls = Tls(issued.cert_file, issued.key_file, authority.file)
    return Mosquitto(folder, tls=tls, more=more)


def shown(tls: Tls) -> dict[str, str]:
    """The settings that show this certificate to the broker."""
    return {"MQTT__CERT_FILE": str(tls.cert_file), "MQTT__KEY_FILE": str(tls.key_file)}


# --- What is trusted ---------------------------------------------------------------------


async def test_the_authorities_of_the_system_are_trusted(
    served: Mosquitto, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with bridge(tmp_path, served.url) as running:
        await running.hears()


async def test_with_an_authority_of_ours_the_systems_are_not_trusted(
    served: Mosquitto, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    other = Authority(tmp_path, "other")
    async with watched(tmp_path, served.url, MQTT__CA_FILE=str(other.file)) as it:
        await it.fails("not trusted: it is not from an authority that we trust")


async def test_an_unknown_authority_is_told_once_for_each_attempt(
    served: Mosquitto, tmp_path: Path
) -> None:
    before = attempts(served)
    async with watched(tmp_path, served.url) as it:
        await it.fails("not from an authority that we trust", times=4)
        # One more may be on its way, and the broker's log may be a little behind.
        await eventually(lambda: 0 <= attempts(served) - before - len(it.losses) <= 1, every=0.01)


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
async def test_a_broker_of_one_version_of_tls_is_heard(
    tmp_path: Path, authority: Authority, version: str
) -> None:
    more = (f"tls_version {version}",)
    with Mosquitto(tmp_path, tls=authority.issue("server", "127.0.0.1"), more=more) as server:
        async with bridge(tmp_path, server.url, MQTT__CA_FILE=str(authority.file)) as running:
            await running.hears()


async def test_the_name_in_the_address_is_the_one_that_is_checked(
    tmp_path: Path, authority: Authority
) -> None:
    with Mosquitto(tmp_path, tls=authority.issue("server", "localhost")) as server:
        settings = {"MQTT__CA_FILE": str(authority.file)}
        async with watched(tmp_path, server.url, **settings) as it:
            await it.fails("IP address mismatch, certificate is not valid for '127.0.0.1'")
            authority.issue("server", "127.0.0.1")
            server.restart()
            await it.hears()
        authority.issue("server", "localhost")
        server.restart()
        async with bridge(tmp_path, f"mqtts://localhost:{server.port}", **settings) as running:
            await running.hears()


async def test_another_hosts_certificate_is_not_trusted(
    tmp_path: Path, authority: Authority
) -> None:
    with Mosquitto(tmp_path, tls=authority.issue("server", "elsewhere.example")) as server:
        url = f"mqtts://localhost:{server.port}"
        async with watched(tmp_path, url, MQTT__CA_FILE=str(authority.file)) as it:
            await it.fails("Hostname mismatch, certificate is not valid for 'localhost'")


def test_the_broker_is_told_the_name_that_we_want(tmp_path: Path, authority: Authority) -> None:
    wanted: list[str | None] = []
    tls = authority.issue("server", "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tls.cert_file, tls.key_file)
    server.sni_callback = lambda _sock, name, _context: wanted.append(name)
    ours, theirs = socket.socketpair()
    with theirs:
        shaking = threading.Thread(target=lambda: server.wrap_socket(theirs, True).close())
        shaking.start()
        broker = Broker("localhost", 8883, "x", tls=True, ca_file=str(authority.file))
        secure(ours, broker, 5).close()
        shaking.join(5)
    assert wanted == ["localhost"]


async def test_an_expired_certificate_is_told_until_it_is_renewed(
    tmp_path: Path, authority: Authority
) -> None:
    old = authority.issue("server", "127.0.0.1", not_after=LONG_AGO)
    with Mosquitto(tmp_path, tls=old) as server:
        async with watched(tmp_path, server.url, MQTT__CA_FILE=str(authority.file)) as it:
            await it.fails("not trusted: certificate has expired")
            authority.issue("server", "127.0.0.1")
            server.restart()
            await it.hears()


async def test_a_self_signed_certificate_is_trusted_only_where_it_is_named(
    tmp_path: Path, authority: Authority
) -> None:
    alone = authority.self_signed("alone", "127.0.0.1")
    with Mosquitto(tmp_path, tls=alone) as server:
        async with watched(tmp_path, server.url, MQTT__CA_FILE=str(authority.file)) as it:
            await it.fails("it is self-signed, and no authority of ours")
        named = str(alone.cert_file)
        async with bridge(tmp_path, server.url, MQTT__CA_FILE=named) as running:
            await running.hears()


# --- Verification cannot be turned off -----------------------------------------------------


@pytest.mark.parametrize("ours", [True, False])
def test_every_context_verifies_authority_and_name(authority: Authority, ours: bool) -> None:
    tls = authority.issue("client", "bridge")
    made = context(
        Broker(
            "127.0.0.1", 8883, "x", tls=True, ca_file=str(authority.file) if ours else None,
            cert_file=str(tls.cert_file), key_file=str(tls.key_file),
        )
    )  # fmt: skip
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2


def test_no_setting_is_about_verification() -> None:
    names = Settings.model_fields["mqtt"].annotation.model_fields  # type: ignore[union-attr]
    assert {name for name in names if name.endswith("_file")} == {
        "ca_file", "cert_file", "key_file"
    }  # fmt: skip
    assert {
        name
        for name in names
        if any(word in name for word in ("verif", "secure", "check", "skip", "trust", "tls"))
    } == set()


@pytest.mark.parametrize("name", ["INSECURE", "TLS_INSECURE", "VERIFY", "SKIP_VERIFY"])
def test_a_switch_that_others_have_is_refused(name: str) -> None:
    assert problem(**{f"MQTT__{name}": "false"}).name == f"mqtt.{name.lower()}"


# --- Our own certificate ---------------------------------------------------------------------


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
async def test_a_broker_that_demands_a_certificate_hears_why_and_gets_it(
    tmp_path: Path, authority: Authority, version: str
) -> None:
    stranger = Authority(tmp_path, "stranger")
    ca = {"MQTT__CA_FILE": str(authority.file)}
    with demanding(tmp_path, authority, f"tls_version {version}") as server:
        async with watched(tmp_path, server.url, **ca) as it:
            await it.fails("demands a client certificate")
        wrong = stranger.issue("client", "bridge")
        async with watched(tmp_path, server.url, **ca, **shown(wrong)) as it:
            await it.fails("did not accept our certificate")
            authority.issue("client", "bridge")
            await it.hears()


# --- What is no TLS ----------------------------------------------------------------------------


async def test_a_plain_broker_on_the_port_for_tls_is_told(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with watched(tmp_path, f"mqtts://127.0.0.1:{mosquitto.port}") as it:
        await it.fails("does not speak TLS on this port")


async def test_a_broker_with_tls_on_the_plain_port_is_told(
    served: Mosquitto, tmp_path: Path
) -> None:
    async with watched(tmp_path, f"mqtt://127.0.0.1:{served.port}") as it:
        await it.fails("perhaps it wants TLS on this port")


async def test_a_port_where_nobody_listens_is_told(served: Mosquitto, tmp_path: Path) -> None:
    served.stop()
    async with watched(tmp_path, served.url) as it:
        await it.fails("nothing listens at the broker's address")


@contextmanager
def speechless() -> Iterator[int]:
    """A port that accepts connections and never sends anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_server_that_never_speaks_is_given_up_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.sources.mqtt.link.CONNECT_SECONDS", 0.5)
    with speechless() as port:
        async with watched(tmp_path, f"mqtts://127.0.0.1:{port}") as it:
            await it.fails("does not answer the TLS handshake")


def test_a_server_that_drips_is_given_up_in_the_same_time() -> None:
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def drip() -> None:
        # The head of a long handshake record, and then a byte at a time.
        theirs.sendall(b"\x16\x03\x03\x3f\xff")
        while not over.wait(0.1):
            theirs.send(b"\x00")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(TlsTrouble, match="does not answer the TLS handshake"):
            secure(ours, Broker("localhost", 8883, "x", tls=True), 0.6)
    finally:
        over.set()
        dripping.join(5)
        theirs.close()


# --- Sentences that no broker here can provoke ------------------------------------------------


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] words (_ssl.c:1)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            "the broker demands a client certificate (mqtt.cert_file)",
        ),
        (
            alert("TLSV1_ALERT_UNKNOWN_CA"),
            "the broker did not accept our certificate (mqtt.cert_file): unknown ca",
        ),
        (
            alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
            "the broker did not accept our certificate (mqtt.cert_file): certificate expired",
        ),
        (
            alert("TLSV1_ALERT_PROTOCOL_VERSION"),
            "the broker does not support TLS 1.2 or newer",
        ),
        (alert("TLSV1_ALERT_INTERNAL_ERROR"), "TLS failed: internal error"),
        (alert("WRONG_VERSION_NUMBER"), "the broker does not speak TLS on this port"),
        (TimeoutError("timed out"), "the broker does not answer"),
        (OSError(113, "No route to host"), "[Errno 113] No route to host"),
        (OSError(), "OSError"),
    ],
)
def test_each_failure_is_one_sentence(error: Exception, sentence: str) -> None:
    assert explain(error) == sentence


def test_a_broker_that_says_nothing_is_guessed_about() -> None:
    assert explain_no_connack(tls=True, certified=False).endswith(
        "client certificate (mqtt.cert_file)"
    )


def test_a_name_without_an_address_is_told() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert explain(error) == "the broker's name has no address: Name or service not known"


async def test_nothing_is_logged_but_our_line(
    served: Mosquitto, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with watched(tmp_path, served.url) as it:
        await it.fails("not trusted")
        await asyncio.sleep(0)
    output = capfd.readouterr()
    assert "Traceback" not in output.out + output.err

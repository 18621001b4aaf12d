"""When certificate files expire: read from any certificate, followed as the files change."""

import ssl
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

import certifi
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from bridge.app import from_settings
from bridge.monitoring.certificates import CertificateExpiries, earliest_end
from bridge.runtime.watched_file import WatchedFile
from tests.kit import settings as settings_kit
from tests.kit.certificates import Authority
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, promtool_check_metrics

NAME = "evse_bridge_certificate_expiry_timestamp_seconds"


def until(year: int) -> datetime:
    return datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)


def pem(year: int) -> bytes:
    """A server's certificate until then."""
    begin = datetime(year - 1, 1, 1, tzinfo=UTC)
    issued = trustme.CA().issue_cert("a.example", not_before=begin, not_after=until(year))
    return issued.cert_chain_pems[0].bytes()


@pytest.mark.parametrize(
    ("year", "seconds"),
    # Either side of 2050, where the form of the date changes, and of the century.
    [(1999, 918014706), (2003, 1044245106), (2049, 2495937906), (2050, 2527473906),
     (2123, 4831070706)],
)  # fmt: skip
def test_the_end_of_a_certificate_is_read(year: int, seconds: int) -> None:
    assert earliest_end(pem(year)) == seconds


def test_of_many_certificates_the_first_to_end_counts() -> None:
    assert earliest_end(pem(2040) + b"# a word\n" + pem(2031) + pem(2035)) == 1927857906


def test_a_key_in_the_same_file_is_no_matter() -> None:
    key = trustme.CA().issue_cert("a.example").private_key_pem.bytes()
    assert earliest_end(key + pem(2031) + key) == 1927857906


def test_every_authority_of_the_world_is_read_as_others_read_it() -> None:
    with warnings.catch_warnings():
        # A serial number of 0 is one of the sins of real authorities.
        warnings.simplefilter("ignore")
        bundle = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    assert len(bundle) > 50
    for each in bundle:
        read = earliest_end(each.public_bytes(Encoding.PEM))
        assert read == each.not_valid_after_utc.timestamp()


@pytest.mark.parametrize("label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_the_other_names_that_openssl_knows_are_read(label: str) -> None:
    assert earliest_end(pem(2031).replace(b"CERTIFICATE", label.encode())) == 1927857906


@pytest.mark.parametrize("text", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\n"])
def test_what_holds_no_certificate_has_no_date(text: bytes) -> None:
    assert earliest_end(text) is None


GOOD_DER = ssl.PEM_cert_to_DER_cert(pem(2031).decode())


@given(st.integers(0, len(GOOD_DER)), st.binary(max_size=300))
def test_a_damaged_certificate_has_a_date_or_none(at: int, more: bytes) -> None:
    damaged = ssl.DER_cert_to_PEM_cert(GOOD_DER[:at] + more).encode()
    assert isinstance(earliest_end(damaged), float | None)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.write_bytes(pem(2031))
    expiries = CertificateExpiries({"mqtt.ca_file": file})
    assert expiries.seconds() == {"mqtt.ca_file": 1927857906}
    file.write_bytes(pem(2050))
    assert expiries.seconds() == {"mqtt.ca_file": 2527473906}
    (tmp_path / "b.pem").write_bytes(pem(2031))
    (tmp_path / "b.pem").replace(file)
    assert expiries.seconds() == {"mqtt.ca_file": 1927857906}


def test_a_file_that_did_not_change_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.pem"
    file.write_bytes(pem(2031))
    expiries = CertificateExpiries({"mqtt.ca_file": file})
    before = expiries.seconds()
    assert before.keys() == {"mqtt.ca_file"}

    def read(_file: WatchedFile) -> bytes:
        raise AssertionError("it is read again")

    monkeypatch.setattr(WatchedFile, "read", read)
    assert expiries.seconds() == before


def test_a_file_that_is_gone_or_no_file_is_absent_until_it_is_back(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    expiries = CertificateExpiries({"mqtt.ca_file": file})
    assert expiries.seconds() == {}
    file.mkdir()
    assert expiries.seconds() == {}
    file.rmdir()
    file.write_bytes(pem(2031))
    assert expiries.seconds() == {"mqtt.ca_file": 1927857906}
    file.write_bytes(b"garbage")
    assert expiries.seconds() == {}


def test_every_certificate_file_of_the_settings_is_followed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.issue("cert", "a.example")
    ca, cert, key = str(authority.file), str(tls.cert_file), str(tls.key_file)
    settings = settings_kit.given(
        MQTT__CA_FILE=ca, MQTT__CERT_FILE=cert, MQTT__KEY_FILE=key, HTTP__CA_FILE=ca,
        INFLUX__URL="https://a", INFLUX__BUCKET="b", INFLUX__CA_FILE=ca,
        INFLUX__MIRRORS__TWO__URL="https://b", INFLUX__MIRRORS__TWO__BUCKET="b",
        INFLUX__MIRRORS__TWO__CA_FILE=ca, WEB__CERT_FILE=cert, WEB__KEY_FILE=key,
    )  # fmt: skip
    assert from_settings.certificates(settings) == {
        "mqtt.ca_file": authority.file,
        "mqtt.cert_file": tls.cert_file,
        "http.ca_file": authority.file,
        "influx.ca_file": authority.file,
        "influx.mirrors.two.ca_file": authority.file,
        "web.cert_file": tls.cert_file,
    }


async def test_a_scrape_tells_when_a_certificate_expires(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(pem(2031))
    async with bridge(tmp_path, mosquitto.url, MQTT__CA_FILE=str(file)) as running:
        series = f'{NAME}{{file="mqtt.ca_file"}}'
        assert await running.metric(series) == 1927857906
        file.write_bytes(pem(2050))
        assert await running.metric(series) == 2527473906
        assert promtool_check_metrics((await running.get("/metrics"))[1]) == (0, "")
        file.unlink()
        assert await running.metric(series) is None
        assert promtool_check_metrics((await running.get("/metrics"))[1]) == (0, "")


def test_a_look_at_files_that_did_not_change_is_cheap(tmp_path: Path) -> None:
    expiries = CertificateExpiries({f"{n}": Path(certifi.where()) for n in range(10)})
    expiries.seconds()
    began = time.process_time()
    for _ in range(100):
        expiries.seconds()
    assert time.process_time() - began < 0.5

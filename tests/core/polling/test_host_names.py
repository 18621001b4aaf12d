"""Which announced host names may be looked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.polling.address import Address, AddressFault, RefusedAddress
from bridge.core.polling.host_names import is_listed, read_announced

LISTED = ("lan", "chargers.example.com")


def reason(url: object, names: tuple[str, ...] = LISTED) -> AddressFault | None:
    found = read_announced(url, (80, 443), names)
    return found.reason if isinstance(found, RefusedAddress) else None


@pytest.mark.parametrize(
    "host", ["nofos-1.lan", "NOFOS-1.LAN", "nofos-1.lan.", "a.b.chargers.example.com", "lan"]
)
def test_a_name_with_a_listed_suffix_is_taken(host: str) -> None:
    assert isinstance(read_announced(f"http://{host}/", (80,), LISTED), Address)


@pytest.mark.parametrize(
    "host",
    [
        "data-to-carry-out.evil.example", "evil-lan", "lan.evil.example", "example.com",
        "notchargers.example.com", "chargers.example.com.evil.example", "localhost",
    ],
)  # fmt: skip
def test_any_other_name_is_refused(host: str) -> None:
    assert reason(f"http://{host}/") is AddressFault.NAME


def test_without_suffixes_only_ip_addresses_are_taken() -> None:
    assert reason("http://nofos-1.lan/", ()) is AddressFault.NAME
    assert reason("http://10.0.0.5/", ()) is None
    assert reason("http://[fd12::5]/", ()) is None


def test_what_is_no_address_is_refused_for_that() -> None:
    assert reason("http://a@nofos-1.lan/") is AddressFault.USER_INFO


@given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}", fullmatch=True))
def test_a_name_is_listed_where_a_dot_or_nothing_is_before_the_suffix(host: str) -> None:
    assert is_listed(host, LISTED) == any(f".{host}".endswith(f".{name}") for name in LISTED)

"""What strangers may announce as a charger's address, and what is refused with which reason."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.polling.address import Address, AddressFault, Ip, RefusedAddress, read_address
from bridge.core.polling.address_policy import AddressPolicy, embedded
from bridge.settings.sections import PRIVATE_NETWORKS

PORTS = (80, 443)
OWN = {ip_address("192.168.7.7"), ip_address("fd12::7")}
MAPPED = "::ffff:0:0/96"


def own(ip: Ip) -> bool:
    return ip in OWN


def reason(url: object, *allow: str) -> AddressFault | None:
    """Why a URL is refused by its text, or else by its address; None where it is polled."""
    found = read_address(url, PORTS)
    if isinstance(found, RefusedAddress):
        return found.reason
    if found.ip is None:
        return None
    networks = [ip_network(network) for network in allow] if allow else PRIVATE_NETWORKS
    refused = AddressPolicy(networks, own=own).refusal(found.ip)
    return refused.reason if refused else None


HOSTILE: tuple[tuple[object, AddressFault], ...] = (
    (None, AddressFault.NOT_TEXT),
    (7, AddressFault.NOT_TEXT),
    (["http://10.0.0.5/"], AddressFault.NOT_TEXT),
    ("http://10.0.0.5/" + "a" * 300, AddressFault.TOO_LONG),
    ("http://" + "a" * 64 + "/", AddressFault.HOST),
    ("http://10.0.0.5/\r\nHost: evil", AddressFault.CONTROL),
    ("http://10.0.0.5\x00/", AddressFault.CONTROL),
    ("http://10.0.0.5\t/", AddressFault.CONTROL),
    (" http://10.0.0.5/", AddressFault.CONTROL),
    ("http://10.0.0.5/ ", AddressFault.CONTROL),
    ("http://10.0.0.5\u200b/", AddressFault.CONTROL),
    ("http://10.0.0.5\u00a0/", AddressFault.CONTROL),
    ("http://10.0.0.5\u202e/", AddressFault.CONTROL),
    ("", AddressFault.SCHEME),
    ("10.0.0.5", AddressFault.SCHEME),
    ("//10.0.0.5/", AddressFault.SCHEME),
    ("http:10.0.0.5", AddressFault.SCHEME),
    ("http:/10.0.0.5", AddressFault.SCHEME),
    ("http:\\\\10.0.0.5\\", AddressFault.SCHEME),
    ("ftp://10.0.0.5/", AddressFault.SCHEME),
    ("file:///etc/passwd", AddressFault.SCHEME),
    ("gopher://10.0.0.5:80/_GET", AddressFault.SCHEME),
    ("javascript://10.0.0.5/", AddressFault.SCHEME),
    ("ws://10.0.0.5/", AddressFault.SCHEME),
    ("http+unix://10.0.0.5/", AddressFault.SCHEME),
    ("http://admin@10.0.0.5/", AddressFault.USER_INFO),
    ("http://admin:secret@10.0.0.5/", AddressFault.USER_INFO),
    ("http://10.0.0.5@evil.example/", AddressFault.USER_INFO),
    ("http://10.0.0.5:80@evil.example/", AddressFault.USER_INFO),
    ("http://@10.0.0.5/", AddressFault.USER_INFO),
    ("http://10.0.0.5/@evil.example", AddressFault.USER_INFO),
    ("http://10.0.0.5#@evil.example/", AddressFault.USER_INFO),
    ("http:///", AddressFault.NO_HOST),
    ("http://", AddressFault.NO_HOST),
    ("http://:80/", AddressFault.NO_HOST),
    ("http://10.0.0.5:22/", AddressFault.PORT),
    ("http://10.0.0.5:8080/", AddressFault.PORT),
    ("http://10.0.0.5:0/", AddressFault.PORT),
    ("http://10.0.0.5:/", AddressFault.PORT),
    ("http://10.0.0.5:080/", AddressFault.PORT),
    ("http://10.0.0.5:65616/", AddressFault.PORT),
    ("http://10.0.0.5:-80/", AddressFault.PORT),
    ("http://10.0.0.5:+80/", AddressFault.PORT),
    ("http://10.0.0.5:8_0/", AddressFault.PORT),
    ("http://10.0.0.5:80:80/", AddressFault.HOST),
    ("http://10.0.0.5:\u0668\u0660/", AddressFault.PORT),
    ("http://10.0.0.5/reset", AddressFault.PATH),
    ("http://10.0.0.5/restart?", AddressFault.PATH),
    ("http://10.0.0.5/../", AddressFault.PATH),
    ("http://10.0.0.5//", AddressFault.PATH),
    ("http://10.0.0.5?rapi=$FD", AddressFault.PATH),
    ("http://10.0.0.5/#x", AddressFault.PATH),
    ("http://2130706433/", AddressFault.SPELLING),
    ("http://167772165/", AddressFault.SPELLING),
    ("http://0x7f000001/", AddressFault.SPELLING),
    ("http://0x7f.0.0.1/", AddressFault.SPELLING),
    ("http://0X0a.0.0.0x5/", AddressFault.SPELLING),
    ("http://0177.0.0.1/", AddressFault.SPELLING),
    ("http://10.0.0.05/", AddressFault.SPELLING),
    ("http://127.1/", AddressFault.SPELLING),
    ("http://10.5/", AddressFault.SPELLING),
    ("http://10.0.0.256/", AddressFault.SPELLING),
    ("http://1.2.3.4.5/", AddressFault.SPELLING),
    ("http://10.0.0.5./", AddressFault.SPELLING),
    ("http://charger.7/", AddressFault.SPELLING),
    ("http://10.0.0.5%00/", AddressFault.HOST),
    ("http://%31%30.0.0.5/", AddressFault.SPELLING),
    ("http://charger%2elocal/", AddressFault.HOST),
    ("http://charger..local/", AddressFault.HOST),
    ("http://.charger/", AddressFault.HOST),
    ("http://-charger/", AddressFault.HOST),
    ("http://charger\\.local/", AddressFault.HOST),
    ("http://10.0.0.5\\@evil.example/", AddressFault.USER_INFO),
    ("http://10.0.0.5;evil/", AddressFault.HOST),
    ("http://a,b/", AddressFault.HOST),
    ("http://*/", AddressFault.HOST),
    ("http://" + "abcdefgh." * 31 + "local/", AddressFault.HOST),
    ("http://\uff11\uff10.0.0.5/", AddressFault.NON_ASCII),
    ("http://10\u30020\u30020\u30025/", AddressFault.NON_ASCII),
    ("http://\u2460\u2466.example/", AddressFault.NON_ASCII),
    ("http://ch\u0430rger.local/", AddressFault.NON_ASCII),
    ("http://fa\u00df.example/", AddressFault.NON_ASCII),
    ("http://[::1/", AddressFault.PORT),
    ("http://::1]/", AddressFault.HOST),
    ("http://::1/", AddressFault.PORT),
    ("http://fd00::5/", AddressFault.PORT),
    ("http://[10.0.0.5]/", AddressFault.HOST),
    ("http://[v1.x]/", AddressFault.HOST),
    ("http://[]/", AddressFault.HOST),
    ("http://[fe80::1%25eth0]/", AddressFault.ZONE),
    ("http://[fe80::1%eth0]/", AddressFault.ZONE),
    ("http://0.0.0.0/", AddressFault.UNSPECIFIED),
    ("http://0.1.2.3/", AddressFault.UNSPECIFIED),
    ("http://[::]/", AddressFault.UNSPECIFIED),
    ("http://127.0.0.1/", AddressFault.LOOPBACK),
    ("https://127.255.255.254/", AddressFault.LOOPBACK),
    ("http://[::1]/", AddressFault.LOOPBACK),
    ("http://[0:0:0:0:0:0:0:1]/", AddressFault.LOOPBACK),
    ("http://169.254.1.1/", AddressFault.LINK_LOCAL),
    ("http://[fe80::1]/", AddressFault.LINK_LOCAL),
    ("http://224.0.0.251/", AddressFault.MULTICAST),
    ("http://[ff02::1]/", AddressFault.MULTICAST),
    ("http://255.255.255.255/", AddressFault.RESERVED),
    ("http://240.0.0.1/", AddressFault.RESERVED),
    ("http://169.254.169.254/", AddressFault.METADATA),
    ("http://169.254.169.254:80/", AddressFault.METADATA),
    ("http://100.100.100.200/", AddressFault.METADATA),
    ("http://[fd00:ec2::254]/", AddressFault.METADATA),
    ("http://[fd00:0ec2:0::0254]/", AddressFault.METADATA),
    ("http://169.254.170.2/", AddressFault.METADATA),
    ("http://169.254.170.23/", AddressFault.METADATA),
    ("http://169.254.169.253/", AddressFault.METADATA),
    ("http://168.63.129.16/", AddressFault.METADATA),
    ("http://[fd00:ec2::23]/", AddressFault.METADATA),
    ("http://[fd00:ec2::253]/", AddressFault.METADATA),
    ("http://[fd00:ec2::123]/", AddressFault.METADATA),
    ("http://[fd00:0ec2:0:0:0:0:0:0123]/", AddressFault.METADATA),
    ("http://[fd20:ce::254]/", AddressFault.METADATA),
    ("http://[fd00:42::42]/", AddressFault.METADATA),
    ("http://[::ffff:10.0.0.5]/", AddressFault.EMBEDDED),
    ("http://[::ffff:127.0.0.1]/", AddressFault.EMBEDDED),
    ("http://[::ffff:a9fe:a9fe]/", AddressFault.EMBEDDED),
    ("http://[::10.0.0.5]/", AddressFault.EMBEDDED),
    ("http://[64:ff9b::10.0.0.5]/", AddressFault.EMBEDDED),
    ("http://[64:ff9b:1::a00:5]/", AddressFault.EMBEDDED),
    ("http://[2002:a00:5::1]/", AddressFault.EMBEDDED),
    ("http://[2001:0:a00:5::1]/", AddressFault.EMBEDDED),
    ("http://192.168.7.7/", AddressFault.OWN),
    ("http://[fd12::7]/", AddressFault.OWN),
    ("http://8.8.8.8/", AddressFault.NOT_ALLOWED),
    ("http://172.32.0.1/", AddressFault.NOT_ALLOWED),
    ("http://100.128.0.1/", AddressFault.NOT_ALLOWED),
    ("http://[2001:db8::1]/", AddressFault.NOT_ALLOWED),
)


def test_the_table_of_hostile_addresses_is_long() -> None:
    assert len({url for url, _ in HOSTILE if isinstance(url, str)}) >= 100


@pytest.mark.parametrize(("url", "bad"), HOSTILE, ids=[repr(url)[:60] for url, _ in HOSTILE])
def test_a_hostile_address_is_refused_for_one_reason(url: object, bad: AddressFault) -> None:
    assert reason(url) is bad


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://10.0.0.5/", "http://10.0.0.5:80"),
        ("http://10.0.0.5", "http://10.0.0.5:80"),
        ("HTTP://192.168.1.20:80/", "http://192.168.1.20:80"),
        ("https://172.16.3.4/", "https://172.16.3.4:443"),
        ("http://100.64.0.9:443/", "http://100.64.0.9:443"),
        ("http://[FD12:0::5]/", "http://[fd12::5]:80"),
        ("https://[fc00::1]:443/", "https://[fc00::1]:443"),
        ("http://nofos-1A2B.local/", "http://nofos-1a2b.local:80"),
        ("http://charger_7.depot.example./", "http://charger_7.depot.example.:80"),
        ("http://xn--ldestation-s8a.example/", "http://xn--ldestation-s8a.example:80"),
        ("http://7charger/", "http://7charger:80"),
    ],
)
def test_what_chargers_announce_is_taken(url: str, shown: str) -> None:
    assert reason(url) is None
    assert str(read_address(url, PORTS)) == shown


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.1.0.3/", "127.0.0.0/8"),
        ("http://127.0.0.1/", "127.0.0.1/32"),
        ("http://[::1]/", "::1/128"),
        ("http://169.254.3.4/", "169.254.0.0/16"),
        ("http://[fe80::9]/", "fe80::/64"),
        ("http://169.254.169.254/", "169.254.169.254/32"),
        ("http://100.100.100.200/", "100.100.100.200/32"),
        ("http://169.254.170.2/", "169.254.170.2/32"),
        ("http://[fd00:ec2::23]/", "fd00:ec2::23/128"),
        ("http://192.168.7.7/", "192.168.7.7/32"),
        ("http://[::ffff:10.0.0.5]/", "::ffff:0:0/96"),
        ("http://[2002:a00:5::1]/", "2002::/16"),
    ],
)
def test_a_special_address_is_polled_where_it_is_named(url: str, allow: str) -> None:
    assert reason(url, allow) is None


@pytest.mark.parametrize(
    ("url", "allow", "bad"),
    [
        ("http://127.0.0.1/", "0.0.0.0/0", AddressFault.LOOPBACK),
        ("http://[::1]/", "::/0", AddressFault.LOOPBACK),
        ("http://[::1]/", "::/96", AddressFault.LOOPBACK),
        ("http://0.0.0.0/", "0.0.0.0/0", AddressFault.UNSPECIFIED),
        ("http://169.254.169.254/", "169.254.0.0/16", AddressFault.METADATA),
        ("http://169.254.169.254/", "0.0.0.0/0", AddressFault.METADATA),
        ("http://169.254.170.23/", "169.254.170.0/24", AddressFault.METADATA),
        ("http://168.63.129.16/", "168.63.0.0/16", AddressFault.METADATA),
        ("http://[fd00:ec2::253]/", "fd00:ec2::/32", AddressFault.METADATA),
        ("http://[fd00:ec2::123]/", "fc00::/7", AddressFault.METADATA),
        ("http://224.0.0.1/", "0.0.0.0/0", AddressFault.MULTICAST),
        ("http://192.168.7.7/", "192.168.0.0/16", AddressFault.OWN),
        ("http://[::ffff:10.0.0.5]/", "::/0", AddressFault.EMBEDDED),
        ("http://[::ffff:127.0.0.1]/", MAPPED, AddressFault.LOOPBACK),
        ("http://[::ffff:169.254.169.254]/", MAPPED, AddressFault.METADATA),
        ("http://[::ffff:192.168.7.7]/", MAPPED, AddressFault.OWN),
        ("http://[2002:7f00:1::1]/", "2002::/16", AddressFault.LOOPBACK),
        ("http://[64:ff9b::a9fe:a9fe]/", "64:ff9b::/96", AddressFault.METADATA),
        ("http://10.0.0.5/", "10.0.1.0/24", AddressFault.NOT_ALLOWED),
    ],
)
def test_a_wide_network_names_nothing_special(url: str, allow: str, bad: AddressFault) -> None:
    assert reason(url, allow) is bad


def test_a_chargers_own_network_is_allowed_for_it_alone() -> None:
    reach, mine = AddressPolicy(PRIVATE_NETWORKS, own=own), [ip_network("203.0.113.0/24")]
    assert reach.refusal(ip_address("203.0.113.5"), mine) is None
    refused = reach.refusal(ip_address("203.0.113.5"))
    assert refused is not None
    assert refused.reason is AddressFault.NOT_ALLOWED


def test_no_networks_allow_nothing() -> None:
    refused = AddressPolicy((), own=own).refusal(ip_address("10.0.0.5"))
    assert refused is not None
    assert refused.reason is AddressFault.NOT_ALLOWED


@pytest.mark.parametrize(
    ("ip", "inner"),
    [
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("2002:a00:5::1", "10.0.0.5"),
        ("64:ff9b::10.0.0.5", "10.0.0.5"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),
        ("fd00::5", "None"),
        ("10.0.0.5", "None"),
    ],
)
def test_the_inner_address_is_known(ip: str, inner: str) -> None:
    assert str(embedded(ip_address(ip))) == inner


def test_the_host_header_leaves_out_the_schemes_own_port() -> None:
    shown = [
        address.authority
        for url in ("http://10.0.0.5/", "http://10.0.0.5:443/", "https://[fd00::1]/")
        if isinstance(address := read_address(url, PORTS), Address)
    ]
    assert shown == ["10.0.0.5", "10.0.0.5:443", "[fd00::1]"]


def test_a_refusal_does_not_repeat_the_text() -> None:
    refused = read_address("http://admin:hunter2@10.0.0.5/", PORTS)
    assert "hunter2" not in repr(refused)


@given(st.one_of(st.text(max_size=60), st.text("htps:/@[]%.#?0x17fa\\ ", max_size=40)))
def test_no_text_whatever_raises(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/", f"https://[{text}]/"):
        found = read_address(url, PORTS)
        if isinstance(found, Address) and found.ip is not None:
            AddressPolicy(PRIVATE_NETWORKS, own=own).refusal(found.ip)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_everything_allowed_is_in_an_allowed_network_and_not_special(ip: Ip) -> None:
    if AddressPolicy(PRIVATE_NETWORKS, own=own).refusal(ip) is None:
        assert any(ip in network for network in PRIVATE_NETWORKS)
        assert not ip.is_loopback
        assert not ip.is_link_local
        assert not ip.is_multicast

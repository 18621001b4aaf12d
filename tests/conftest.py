"""Fixtures of all tests: real servers, and a guard against the world outside."""

import asyncio
import contextlib
import gc
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.kit.dash_world import World, bad_day
from tests.kit.servers import Amqtt, Mosquitto, VictoriaMetrics
from tests.kit.shares import MARKERS, Shares, longest_first, mark

# How long an example takes is the machine's affair: no property is a timed test.
settings.register_profile("bridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bridge")

OUTSIDE = pytest.StashKey[list[str]]()
QUICK = pytest.StashKey[bool]()


class Outside(BaseException):
    """A test reached for an address that is not loopback; no code may swallow this."""


class Unmarked(BaseException):
    """A test without the marker `program` starts one: `make test-fast` would, too."""


def is_loopback(host: object) -> bool:
    """Whether a host, by address or as `localhost`, is this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    return host == "localhost"


def make_starts_cheap() -> None:
    """Spare every process that tests start, and every TLS context, what it does for nothing.

    Without bytecode each would compile all modules anew; the machine's authorities take 40 ms
    to read, and no test connects to anyone who has a certificate of theirs. A program in Go
    spends a quarter of a short life on the collection of garbage, with memory to spare.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull, "GOGC": "400"}


def pytest_configure(config: pytest.Config) -> None:
    """Watch every connect and start of the process; an audit hook stays for good."""
    make_starts_cheap()
    reached = config.stash.setdefault(OUTSIDE, [])

    for marker in MARKERS:
        config.addinivalue_line("markers", marker)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "subprocess.Popen" and config.stash.get(QUICK, False):
            raise Unmarked(f"a test that is not marked `program` starts {arguments[0]}")
        if event != "socket.connect":
            return
        match arguments:
            case (socket.socket(family=socket.AF_INET | socket.AF_INET6), (host, *_)):
                if not is_loopback(host):
                    reached.append(str(host))
                    raise Outside(f"a test connects to {host}")

    sys.addaudithook(watch)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    """Share the tests out our way, whatever `--dist` says."""
    return Shares(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; marked before `-m` chooses."""
    longest_first(items)
    mark(items)


def pytest_collection_finish() -> None:
    """Spare the collector what lives until the end: four thousand tests and their modules."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: whether this test may start programs."""
    item.config.stash[QUICK] = item.get_closest_marker("program") is None


@pytest.fixture(autouse=True)
def _only_loopback(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test, also where the connect was made and swallowed in another thread."""
    reached = request.config.stash[OUTSIDE]
    reached.clear()
    yield
    assert not reached, f"connected outside: {reached}"


@pytest.fixture
def outside(request: pytest.FixtureRequest) -> list[str]:
    """The addresses outside that this test tried to connect to."""
    return request.config.stash[OUTSIDE]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as server:
        yield server


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics(tmp_path) as server:
        yield server


@pytest.fixture(params=["mosquitto", "amqtt"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mosquitto | Amqtt]:
    """Each kind of broker in turn, open to anyone."""
    with Amqtt() if request.param == "amqtt" else Mosquitto(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bad day of a small fleet; who uses it is in that group of `tests/kit/shares.py`."""
    with contextlib.ExitStack() as kept:
        yield asyncio.run(bad_day(tmp_path_factory.mktemp("day"), kept))

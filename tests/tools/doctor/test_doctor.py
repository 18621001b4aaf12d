"""`doctor` as a newcomer types it: what it prints, where, how it ends, and what it never says."""

import asyncio
import io
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.core.errors import DiskTrouble
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, not_checked, ok, warning
from bridge.tools.doctor.report import DoctorReport
from bridge.tools.doctor.run import PROBES, run_probes
from tests.kit.chargers import depot
from tests.kit.doctor import case
from tests.kit.lives import Life
from tests.kit.servers import Mosquitto, VictoriaMetrics, free_port
from tests.kit.support import eventually
from tests.tools.test_cli import environ, nofos

SECRET = "hush-hush"


async def typed(**settings: str) -> subprocess.CompletedProcess[str]:
    """Beside what lives in this process."""
    return await asyncio.to_thread(nofos, "doctor", env=environ(**settings))


def verdicts(out: str) -> list[tuple[str, str]]:
    """Verdict and subject of each line that is no remedy."""
    lines = [line for line in out.splitlines() if not line.startswith(" ")]
    return [(line[:11].rstrip(), line[13:29].rstrip()) for line in lines]


async def test_where_all_is_well_it_ends_with_0(
    tmp_path: Path, mosquitto: Mosquitto, victoria: VictoriaMetrics
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    async with depot(tmp_path, mosquitto.url) as one:
        done = await typed(
            MQTT__URL=mosquitto.url, JOURNAL__DIR=str(one.folder), JOURNAL__MAX_BYTES="1MB",
            WEB__LISTEN=listen, INFLUX__URL=victoria.url, INFLUX__BUCKET="b",
            HTTP__ALLOW="127.0.0.0/8", HTTP__PORTS=one.url.rpartition(":")[2],
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    *most, (verdict, subject), kernel, store, chargers = verdicts(done.stdout)
    assert most == [
        ("ok", "settings"),
        ("ok", "data folder"),
        ("ok", "data folder"),
        ("ok", "data folder"),
        ("ok", "web port"),
        ("ok", "broker"),
        ("ok", "broker"),
        ("ok", "announcements"),
        ("ok", "store main"),
        ("ok", "store main"),
    ]
    assert (verdict, subject[:8]) == ("ok", "charger ")
    assert "1 charger within 4 s, 1 connected" in done.stdout
    # Whether the kernel knows of a time service is this machine's affair.
    assert (kernel[1], store, chargers) == ("clock", ("ok", "clock"), ("not checked", "clock"))
    assert done.stderr in {"12 ok, 2 not checked\n", "13 ok, 1 not checked\n"}


async def test_what_failed_has_a_remedy_and_ends_with_1(tmp_path: Path) -> None:
    done = await typed(
        MQTT__URL="mqtt://127.0.0.1:9", MQTT__USERNAME="me", MQTT__PASSWORD=SECRET,
        JOURNAL__DIR=str(tmp_path), JOURNAL__MAX_BYTES="1MB",
        WEB__LISTEN=f"127.0.0.1:{free_port()}",
        INFLUX__URL="http://127.0.0.1:9", INFLUX__BUCKET="b", INFLUX__TOKEN=SECRET,
    )  # fmt: skip
    assert done.returncode == 1
    assert [subject for verdict, subject in verdicts(done.stdout) if verdict == "failed"] == [
        "broker",
        "store main",
    ]
    assert done.stdout.count("remedy: ") == 2
    assert done.stderr == ("5 ok, 2 failed, 4 not checked\nnofos-bridge: a check failed\n")
    assert SECRET not in done.stdout + done.stderr


async def test_a_running_bridge_is_found_in_both_places_and_goes_on(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with Life(tmp_path, mosquitto.url, WEB__LISTEN=listen, MQTT__CLIENT_ID="depot") as life:
        await eventually(life.started, 20)
        done = await typed(
            MQTT__URL=mosquitto.url, MQTT__CLIENT_ID="depot", WEB__LISTEN=listen,
            JOURNAL__DIR=str(tmp_path / "data"),
        )  # fmt: skip
        assert life.process.poll() is None
        assert "mqtt.lost" not in life.said()
        pid = life.process.pid
    assert done.returncode == 0, done.stdout
    assert f"in use by the bridge with pid {pid}, which keeps running" in done.stdout
    assert f"a bridge is running on {listen}" in done.stdout


async def test_wrong_settings_are_told_with_remedies_and_end_with_1() -> None:
    done = await typed(MQTT__URL=f"mqtt://me:{SECRET}@broker", LOG__LEVEL="loud")
    assert done.returncode == 1
    assert verdicts(done.stdout) == [("failed", "settings"), ("failed", "settings")]
    assert "log.level (environment NOFOS_LOG__LEVEL): " in done.stdout
    assert done.stdout.count("remedy: ") == 2
    assert SECRET not in done.stdout + done.stderr


# --- The report, and probes that go wrong ----------------------------------------------------


def reported(*findings: Finding) -> tuple[str, str, bool]:
    """Both outputs, and whether nothing failed."""
    out, err = io.StringIO(), io.StringIO()
    report = DoctorReport(out, err)
    for finding in findings:
        report.add(finding)
    well = report.finish()
    return out.getvalue(), err.getvalue(), well


def test_a_line_each_and_the_remedy_below() -> None:
    out, err, well = reported(
        ok("broker", "answers"), warning("broker", "is slow", "wait"), not_checked("store", "none")
    )
    assert out == (
        "ok           broker            answers\n"
        "warning      broker            is slow\n"
        "             remedy: wait\n"
        "not checked  store             none\n"
    )
    assert err == "1 ok, 1 warning, 1 not checked\n"
    assert well


def test_only_what_failed_counts_as_failed() -> None:
    assert not reported(ok("a", "b"), failed("c", "d", "e"))[2]


def test_what_strangers_said_steers_no_terminal() -> None:
    out, _, _ = reported(ok("charger a\x1b[2J", "b\nok  all"))
    assert out == "ok           charger a\\x1b[2J     b\\nok  all\n"


async def slow(_: DoctorContext) -> AsyncIterator[Finding]:
    yield ok("slow", "begun")
    await asyncio.Event().wait()


async def broken(_: DoctorContext) -> AsyncIterator[Finding]:
    if _.announced:
        yield ok("broken", "never")
    raise DiskTrouble("state.db: disk I/O error")


async def test_a_probe_without_an_end_and_a_broken_one_fail_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def last(_: DoctorContext) -> AsyncIterator[Finding]:
        yield ok("last", "tried")

    monkeypatch.setattr("bridge.tools.doctor.run.LIMIT_SECONDS", 0.1)
    probes = {"slow": slow, "broken": broken, "last": last}
    monkeypatch.setattr("bridge.tools.doctor.run.PROBES", probes)
    out = io.StringIO()
    await run_probes(case(), DoctorReport(out, io.StringIO()))
    assert verdicts(out.getvalue()) == [
        ("ok", "slow"),
        ("failed", "slow"),
        ("failed", "broken"),
        ("ok", "last"),
    ]
    assert "did not finish within 0.1 s" in out.getvalue()
    assert "could not be checked: state.db: disk I/O error" in out.getvalue()


def test_the_broker_is_heard_before_the_chargers_are_called() -> None:
    names = list(PROBES)
    assert names.index("broker") < names.index("chargers")

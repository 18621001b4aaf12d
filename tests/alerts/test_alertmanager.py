"""What the example for Alertmanager makes of alerts: who is told, together, or not at all."""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.alerts.table import ALERTS
from tests.alerts.receiver import Notification, receiver
from tests.alerts.test_live import EXAMPLE, quick_example
from tests.kit.servers import Alertmanager
from tests.kit.support import eventually

OF = {alert.name: alert for alert in ALERTS}
MUTED = re.compile(r"      - weekdays: \[tuesday\]\n        times:\n.*\n.*\n")
ONE, OTHER = "c1", "c2"


def raised(name: str, **labels: str) -> dict[str, dict[str, str]]:
    """An alert as Prometheus sends it."""
    about = {"alertname": name, "severity": OF[name].severity, "scope": OF[name].scope}
    who = " ".join(labels.values())
    return {"labels": about | labels, "annotations": {"summary": f"{name} {who}".strip()}}


def send(server: Alertmanager, *alerts: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        f"{server.url}/api/v2/alerts",
        json.dumps(alerts).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[Alertmanager]:
    with Alertmanager(folder, config) as server:
        yield server


def state(server: Alertmanager, name: str) -> str:
    """Of the only alert of that name: active or suppressed."""
    states = [str(one["status"]["state"]) for one in server.alerts(name)]
    return states[0] if len(states) == 1 else ""


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (raised("EvseBridgeDeaf", instance="b"), raised("EvseFleetGone")),
        (raised("EvseBridgeDeaf", instance="b"), raised("EvseSiteGone", site="Depot")),
        (raised("EvseBridgeDown"), raised("EvseChargerDown", charger=ONE)),
        (raised("EvseBridgeDown", instance="b"), raised("EvseBridgeLoopLag", instance="b")),
        (raised("EvseFleetGone"), raised("EvseChargerSilent", charger=ONE)),
        (raised("EvseFleetGone"), raised("EvseSiteGone", site="Depot")),
        (
            raised("EvseSiteGone", site="Depot"),
            raised("EvseChargerDown", charger=ONE, site="Depot"),
        ),
        (raised("EvseCrashLoop", charger=ONE), raised("EvseCrash", charger=ONE)),
        (raised("EvseStuckRelay", charger=ONE), raised("EvseFaultsRecurring", charger=ONE)),
        (raised("EvseControllerDead", charger=ONE), raised("EvseRapiFailing", charger=ONE)),
        (raised("EvseDuplicate", charger=ONE), raised("EvseUnitSuspect", charger=ONE)),
    ],
    ids=lambda alert: alert["labels"]["alertname"],
)
async def test_what_follows_from_something_larger_is_held_back(
    source: Mapping[str, Mapping[str, str]], target: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    larger, smaller = source["labels"]["alertname"], target["labels"]["alertname"]
    with alertmanager(tmp_path, quick_example(9)) as server:
        send(server, target)
        await eventually(lambda: state(server, smaller) == "active")
        send(server, source)
        await eventually(lambda: state(server, smaller) == "suppressed")
        assert state(server, larger) == "active"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (
            raised("EvseSiteGone", site="Depot"),
            raised("EvseChargerDown", charger=ONE, site="Yard"),
        ),
        (raised("EvseSiteGone", site="Depot"), raised("EvseChargerDown", charger=ONE)),
        (raised("EvseCrashLoop", charger=ONE), raised("EvseCrash", charger=OTHER)),
        (raised("EvseBridgeDown", instance="a"), raised("EvseBridgeLoopLag", instance="b")),
        (raised("EvseBridgeDeaf", instance="b"), raised("EvseStuckRelay", charger=ONE)),
        (raised("EvseFleetGone"), raised("EvseGfciFault", charger=ONE)),
    ],
    ids=lambda alert: alert["labels"]["alertname"],
)
async def test_what_stands_for_itself_is_not_held_back(
    source: Mapping[str, Mapping[str, str]], target: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    larger, smaller = source["labels"]["alertname"], target["labels"]["alertname"]
    with alertmanager(tmp_path, quick_example(9)) as server:
        send(server, source, target)
        await eventually(lambda: state(server, larger) == "active")
        await eventually(lambda: state(server, smaller) == "active")


async def test_the_chargers_of_a_site_come_in_one_notification(tmp_path: Path) -> None:
    async with receiver() as inbox:
        with alertmanager(tmp_path, quick_example(inbox.port)) as server:
            send(
                server,
                raised("EvseCrash", charger=ONE, site="Depot"),
                raised("EvseCrash", charger=OTHER, site="Depot"),
                raised("EvseCrash", charger="c3", site="Yard"),
            )
            await eventually(lambda: len(inbox.got) == 2)
    assert sorted(inbox.got, key=lambda one: one.summaries) == [
        Notification("operators", "EvseCrash", ("EvseCrash c1 Depot", "EvseCrash c2 Depot")),
        Notification("operators", "EvseCrash", ("EvseCrash c3 Yard",)),
    ]


async def test_a_roll_out_of_firmware_mutes_what_it_causes_and_nothing_else(tmp_path: Path) -> None:
    async with receiver() as inbox:
        now, replaced = MUTED.subn('      - weekdays: ["sunday:saturday"]\n', EXAMPLE.read_text())
        assert replaced == 1
        with alertmanager(tmp_path, quick_example(inbox.port, now)) as server:
            send(server, raised("EvseChargerDown", charger=ONE))
            await eventually(lambda: state(server, "EvseChargerDown") == "active")
            send(server, raised("EvseStuckRelay", charger=ONE))
            await eventually(lambda: inbox.of("EvseStuckRelay"))
            send(server, raised("EvseCrash", charger=ONE))
            await eventually(lambda: inbox.of("EvseCrash"))
    assert inbox.of("EvseChargerDown") == []

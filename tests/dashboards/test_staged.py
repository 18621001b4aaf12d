"""InfluxQL panels of many alike queries, each by itself, over points written by hand."""

from collections.abc import Iterator

import pytest

from tests.kit.dashboards import boards, filled, queries
from tests.kit.servers import InfluxDB

STATES = {
    "a": 3, "b": 2, "c": 1, "d": 254, "e": 255, "f": 8, "g": 3, "h": 4, "i": 17,
    "j": 0, "k": 18, "l": 253, "m": 256, "n": 596,
}  # fmt: skip
"""By charger; each says it twice, the other state before."""
AT_MS = 1_700_000_000_000
LINES = [
    *(f"evse,charger={one} state_code=1i {AT_MS - 2000}" for one in STATES),
    *(f"evse,charger={one} state_code={code}i {AT_MS}" for one, code in STATES.items()),
    f"evse,charger=a temp1=25.5,temp4=31 {AT_MS}",
    # As many of each kind as its code says.
    *(
        f'evse_event,charger=a,kind=fault code={code}i,text="x" {AT_MS + 100 * code + number}'
        for code in range(4, 18)
        for number in range(code)
    ),
    f'evse_event,charger=a,kind=fault_cleared code=4i,text="x" {AT_MS}',
    f'evse_event,charger=a,kind=frozen code=0i,text="controller is dead" {AT_MS}',
    f'evse_event,charger=a,kind=frozen code=0i,text="controller answers again" {AT_MS + 1}',
    f'evse_event,charger=b,kind=frozen code=0i,text="controller is dead" {AT_MS}',
]
EXPECTED: dict[str, dict[str, float]] = {
    "nofos-faults-influx / By kind": {
        "vent required": 4, "diode check failed": 5, "gfci fault": 6, "no ground": 7,
        "stuck relay": 8, "gfci self test failed": 9, "over temperature": 10, "over current": 11,
        "reserved 12": 12, "reserved 13": 13, "relay closure fault": 14, "pp shorted": 15,
        "pp missing": 16, "eeprom failure": 17,
    },
    "nofos-fleet-influx / States": {
        "charging": 2, "connected": 1, "not connected": 1, "sleeping or disabled": 2, "fault": 3,
        "starting": 1, "unknown": 4,
    },
    "nofos-faults-influx / Frozen controllers": {"": 2},
    "nofos-charger-influx / Temperature": {"temp1": 25.5, "temp4": 31},
}  # fmt: skip
"""By panel, then by the series' name."""
ASKED = {
    f"{asked.board} / {asked.panel} / {asked.target['alias']}": asked
    for board in boards("influxdb").values()
    for asked in queries(board)
    if f"{asked.board} / {asked.panel}" in EXPECTED
}
NUMBERS = {
    f"{panel} / {name}": number
    for panel, series in EXPECTED.items()
    for name, number in series.items()
}


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path_factory.mktemp("staged")) as server:
        server.write(line.encode() for line in LINES)
        yield server


@pytest.mark.parametrize("name", NUMBERS)
def test_each_query_finds_its_own(influx: InfluxDB, name: str) -> None:
    span = f"time >= {AT_MS - 3000}ms and time <= {AT_MS + 9000}ms"
    values = {"timeFilter": span, "__interval": "1h", "site": ".*", "charger": "a"}
    (table,) = influx.query(filled(ASKED[name].text, values))
    assert [row[1] for row in table.rows] == [NUMBERS[name]]


def test_no_query_of_these_panels_is_forgotten() -> None:
    assert ASKED.keys() == NUMBERS.keys()

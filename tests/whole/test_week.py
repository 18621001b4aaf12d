"""A week of fifty chargers on a virtual clock, compared with what really happened to them.

Reboots with their false zeros, crashes, hung controllers, silences and outages of MQTT and
HTTP, a stop of the bridge and a kill. Five parts of ten, so that they can share the machine.
"""

import pytest

from tests.kit.week.findings import boots, contradictions, doubts, energy, faults, sessions
from tests.kit.week.week import lived

PARTS = (0, 10, 20, 30, 40)


@pytest.mark.timeout(600)  # half a minute of work, on a machine that others may use
@pytest.mark.parametrize("first", PARTS)
def test_after_a_week_energy_sessions_faults_boots_and_crashes_are_what_they_really_were(
    first: int,
) -> None:
    week = lived(first, first + 10)
    findings = [
        found
        for charger in week.chargers
        for check in (energy, sessions, faults, boots, contradictions, doubts)
        for found in check(week, charger)
    ]
    assert findings == []
    assert week.disk.fallen == []
    visits = [visit for charger in week.chargers for visit in week.truth(charger).visits()]
    assert len(visits) > 300

"""A fleet that publishes what chargers do: 17 numeric fields per document, most changing."""

import json
import random
from collections.abc import Mapping

from bench.frames import frame, prefix, publish

FIELDS = (
    "amp", "amp1", "amp2", "amp3", "voltage", "v1", "v2", "v3", "pilot", "wh", "state",
    "freeram", "srssi", "temp1", "charge_rate", "available_current",
    "smoothed_available_current",
)  # fmt: skip
"""The guide's periodic document, one temperature, and the three event-driven currents."""
CHARGING, CONNECTED = 3, 2
CHARGING_SHARE = 0.6
MAINS_VOLTS = 230
LEAST_HEAP, MOST_HEAP = 120_000, 180_000
RISE_SECONDS = 30
"""Every document stands for the periodic document of this many seconds."""


class BenchCharger:
    """One charger; `frames` is its next document as PUBLISH frames."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name = name
        self.base = f"charger/{name}"
        self._rng = rng
        self._topics = {field: prefix(f"{self.base}/{field}") for field in FIELDS}
        self._said: dict[str, str] = {}
        self._frames: dict[str, bytes] = {}
        self._charging = rng.random() < CHARGING_SHARE
        self._pilot = rng.choice((10, 13, 16, 20, 32)) if self._charging else 32
        self._wh = rng.uniform(1e5, 9e6)
        self._temperature = rng.randint(150, 350)

    def announcement(self) -> bytes:
        """The retained announcement; no `http`, since nobody answers there."""
        members = {"state": "connected", "id": self.name, "name": self.name, "mqtt": self.base}
        return publish(f"openevse/announce/{self.name}", json.dumps(members).encode(), retain=True)

    def greeting(self) -> bytes:
        """One live message, so that the bridge is known to follow this charger."""
        state = CHARGING if self._charging else CONNECTED
        return frame(self._topics["state"], str(state).encode())

    def frames(self, heap: int | None = None) -> bytes:
        """All fields once; `heap` replaces the free heap."""
        for field, text in self.document(heap).items():
            if self._said.get(field) != text:
                self._said[field] = text
                self._frames[field] = frame(self._topics[field], text.encode())
        return b"".join([self._frames[field] for field in FIELDS])

    def document(self, heap: int | None) -> Mapping[str, str]:
        rng = self._rng
        amps = [self._amps() for _ in range(3)]
        volts = [f"{MAINS_VOLTS + rng.uniform(-4, 4):.1f}" for _ in range(3)]
        if self._charging:
            self._wh += MAINS_VOLTS * self._pilot * 3 * RISE_SECONDS / 3600
        if rng.random() < 0.2:
            self._temperature += rng.choice((-1, 1))
        free = rng.randint(LEAST_HEAP, MOST_HEAP) if heap is None else heap
        currents = ("16", "32", "31.5")
        values = (
            amps[0], *amps, volts[0], *volts, str(self._pilot), f"{self._wh:.1f}",
            str(CHARGING if self._charging else CONNECTED), str(free),
            str(-60 - rng.randint(0, 3)), str(self._temperature), *currents,
        )  # fmt: skip
        return dict(zip(FIELDS, values, strict=True))

    def _amps(self) -> str:
        return f"{self._pilot - self._rng.uniform(0.2, 0.8):.2f}" if self._charging else "0"


def fleet(count: int, *, label: str = "nofos", seed: int = 1) -> list[BenchCharger]:
    """Chargers that publish the same for the same seed."""
    return [
        BenchCharger(f"{label}-{number:05d}", random.Random(f"{seed}/{label}/{number}"))
        for number in range(count)
    ]

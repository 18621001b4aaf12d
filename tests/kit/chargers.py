"""What the tests of `query` and `enroll` share: simulated chargers, and settings that know them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from bridge.core.model import ChargerId
from bridge.settings import Settings, load
from bridge.sim.options import SimOptions
from bridge.storage.state_file import StateFile
from bridge.tools.charger.run import run_query
from tests.kit.simulator import free_port, simulating

BASE = "charger/nofos-5e7e"


@dataclass
class Depot:
    """One simulated charger on a broker; `folder` is the bridge's data folder."""

    url: str
    broker: str
    folder: Path

    def settings(self, **named: str) -> Settings:
        """Settings are named as in the environment, without prefix."""
        return load(
            None,
            {
                "NOFOS_MQTT__URL": self.broker,
                "NOFOS_JOURNAL__DIR": str(self.folder),
                **{f"NOFOS_{name}": text for name, text in named.items()},
            },
        )

    async def knows(self, charger: str, **body: object) -> None:
        """Let the data folder know this charger."""
        self.folder.mkdir(exist_ok=True)
        state = await StateFile.open(self.folder)
        await state.save(chargers={ChargerId(charger): body})
        await state.close(clean=True)

    async def ask(self, charger: str, command: str, **named: str) -> tuple[str, str]:
        """What `query` says on both of its outputs."""
        out, err = StringIO(), StringIO()
        await run_query(self.settings(**named), charger, command, out, err)
        return out.getvalue(), err.getvalue()


@contextlib.asynccontextmanager
async def depot(
    folder: Path, broker: str, *, login: tuple[str, str] | None = None, speed: float = 1.0
) -> AsyncIterator[Depot]:
    """The charger lives as long as the block."""
    port = free_port("127.1.0.1")
    options = SimOptions(
        broker=broker, chargers=1, speed=speed, http_port=port,
        http_username=login[0] if login else None, http_password=login[1] if login else None,
    )  # fmt: skip
    data = folder / "data"
    data.mkdir()
    async with simulating(options):
        yield Depot(f"http://127.1.0.1:{port}", broker, data)

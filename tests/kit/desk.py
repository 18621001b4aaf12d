"""Polling over a bench: a charger that is heard on MQTT and asked over HTTP, by hand."""

from collections.abc import Mapping

from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import RefusedAddress
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollConfig, PollRequest
from bridge.core.unread import Unread
from bridge.ingest.known_chargers import KnownChargers
from bridge.ingest.polling import Polling
from tests.kit.core import Bench
from tests.kit.polling import Plan

ONE = ChargerId("abc123")
STATUS: Mapping[str, object] = {
    "amp": 10, "voltage": 230, "pilot": 16, "state": 3, "watthour": 5000, "srssi": -60,
    "free_heap": 90_000, "largest_free_block": 40_000, "comm_sent": 12, "comm_success": 11,
    "rapi_connected": 1, "ipaddress": "10.0.0.7",
}  # fmt: skip


class Desk:
    """Polling over a bench, with answers as they come from a charger."""

    def __init__(
        self, bench: Bench, config: PollConfig | None = None, *, login_after: float = 0.0,
        names: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.bench = bench
        self.refusals: list[str] = []
        self.refused_credentials: list[str] = []
        self.unread: list[tuple[Page, Unread]] = []
        self.differences: list[tuple[str, str, str]] = []
        plan = Plan(config or PollConfig(), random=lambda: 0.5)
        self.plan = plan.schedule
        self.shared: list[tuple[ChargerId, ChargerId]] = []
        self.withheld: list[ChargerId] = []
        self.named: set[ChargerId] = set()
        self.known = KnownChargers(
            bench.registry.telemetries, named=[self.named.__contains__],
            login_after=login_after, stale_after=120.0,
        )  # fmt: skip
        self.polling = Polling(
            telemetries=bench.registry.telemetries, schedule=self.plan, queues=plan.queues,
            known=self.known, ports=(80,), names=names,
            documents=bench.documents, boundary=bench.boundary,
            readers={dialect: StatusReader(dialect, None) for dialect in Dialect}, report=self,
        )  # fmt: skip

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        self.refusals.append(refused.reason)

    def credentials_refused(self, why: str) -> None:
        self.refused_credentials.append(why)

    def address_shared(self, charger: ChargerId, first: ChargerId) -> None:
        self.shared.append((charger, first))

    def login_withheld(self, charger: ChargerId) -> None:
        self.withheld.append(charger)

    def document_unread(self, charger: ChargerId, page: Page, unread: Unread) -> None:
        self.unread.append((page, unread))

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        self.differences.append((member, configured, announced))

    def answer(self, outcome: PollOutcome = PollOutcome.OK, **changed: object) -> None:
        """A poll that ends now."""
        document = {**STATUS, **changed} if outcome is PollOutcome.OK else None
        ask = PollRequest(ONE, Page.STATUS, Lane.PROVEN, self.bench.steady)
        self.polling.poll_ended(ask, PollReply(outcome, 0.1, document), self.bench.now)

    def page(
        self, page: Page, document: Mapping[str, object] | list[object] | PollOutcome | None
    ) -> None:
        """Another page that comes now, or how its request ends; None for a 404."""
        outcome = PollOutcome.NOT_FOUND if document is None else PollOutcome.OK
        if isinstance(document, PollOutcome):
            outcome, document = document, None
        ask = PollRequest(ONE, page, Lane.PROVEN, self.bench.steady)
        self.polling.poll_ended(ask, PollReply(outcome, 0.1, document), self.bench.now)

    def wanted(self) -> list[Page]:
        """The pages that are to be asked for."""
        return self.bench.registry.telemetries[ONE].documents.wanted(self.bench.now)

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look at the chargers each second."""
        for _ in range(round(seconds)):
            self.bench.wait(1)
            self.polling.begin_round()
            self.polling.sweep(self.bench.now)

    def speak(self, seconds: float = 0.5, **changed: str) -> None:
        """The periodic document on MQTT."""
        said = {"amp1": "16", "v1": "230", "pilot": "16", "state": "3", "wh": "5000",
                "freeram": "90000", "srssi": "-61"}  # fmt: skip
        self.bench.hear(*((f"charger/one/{k}", v) for k, v in {**said, **changed}.items()))
        self.bench.wait(seconds)

    def metric(self, name: str, more: str = "") -> float | None:
        return self.bench.metrics().get(f'evse_{name}{{charger="abc123"{more}}}')

    def source(self) -> str:
        values = {name: self.metric("source", f',evse_source="{name}"')
                  for name in ("mqtt", "http", "none")}  # fmt: skip
        (source,) = (name for name, value in values.items() if value == 1)
        return source

    def paths(self) -> list[str]:
        return [text for kind, _, text in self.bench.events() if kind == "path"]

"""A small MQTT broker inside the process, for `demo` and tests, on amqtt."""

import asyncio
import contextlib
import logging

from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.errors import BrokerError

from bridge.core.errors import CannotStart
from bridge.tools.demo.broker_patched import LISTENER, PatchedBroker

STOP_SECONDS = 5.0
PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


class EmbeddedBroker:
    """Accepts any client, keeps retained messages in memory; needs a running event loop."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 means any free port, which is kept when the broker is restarted."""
        self._host = host
        self._port = port
        self._broker: PatchedBroker | None = None

    @property
    def port(self) -> int:
        """The port it listens on, from the first start on."""
        return self._port

    async def start(self) -> None:
        """Returns once it accepts connections; raises CannotStart where the port is taken."""
        _silence_loggers()
        listener = ListenerConfig(bind=f"{self._host}:{self._port}")
        config = BrokerConfig(listeners={LISTENER: listener}, plugins=dict(PLUGINS))
        broker = PatchedBroker(config)
        try:
            await broker.start()
        except BrokerError as error:
            raise CannotStart(f"no broker on {self._host}:{self._port}: {error}") from error
        self._broker, self._port = broker, broker.port

    async def stop(self) -> None:
        """Close every connection and discard everything; does nothing where it is not running."""
        broker, self._broker = self._broker, None
        if broker is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await broker.shutdown()
            await broker.close_connections()


def _silence_loggers() -> None:
    """amqtt logs each client that connects or disconnects, up to level ERROR."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

"""A charger's persistent configuration: returned by GET /config, changed by POST /config."""

from collections.abc import Mapping

from bridge.sim.device import Traits
from bridge.sim.endpoint import Endpoint, tls_context
from bridge.sim.identity import Identity
from bridge.sim.wire import Value

Setting = str | int | bool
_SECRETS = ("pass", "www_password", "mqtt_pass")
_LONGEST_TEXT = 255
_MASK = "_DUMMY_PASSWORD"
_NETWORK = ("mqtt_enabled", "mqtt_protocol", "mqtt_server", "mqtt_port", "mqtt_topic")
_PRESENCE = ("mqtt_user", "mqtt_pass", "mqtt_reject_unauthorized", "mqtt_announce_topic")
RECONNECT_AFTER = frozenset((*_NETWORK, *_PRESENCE, "hostname"))
CAPABILITIES: Mapping[str, Value] = {
    "mqtt_supported_protocols": ["mqtt", "mqtts"],
    "http_supported_protocols": ["http", "https"],
    "nofos_network_profiles": [
        "Disabled",
        "GSM only",
        "GSM with fallback to WiFi",
        "WiFi only",
        "WiFI with fallback to GSM",
    ],
}


class ChargerConfig:
    """Only known names with values of the right type are accepted; the rest is ignored."""

    def __init__(
        self, *, identity: Identity, endpoint: Endpoint, username: str, password: str
    ) -> None:
        self._stored: dict[str, Setting] = {
            "ssid": "depot-chargers",
            "pass": "a secret of the depot",
            "www_username": username,
            "www_password": password,
            "hostname": identity.name,
            "sntp_hostname": "pool.ntp.org",
            "time_zone": "Europe/Vienna|CET-1CEST,M3.5.0,M10.5.0/3",
            "mqtt_server": endpoint.host,
            "mqtt_port": endpoint.port,
            "mqtt_topic": identity.base,
            "mqtt_user": endpoint.username,
            "mqtt_pass": endpoint.password,
            "mqtt_vrms": "",
            "mqtt_announce_topic": identity.announce,
            "nofos_network_profile": 3,
            "flags": 2,
            "mqtt_enabled": True,
            "mqtt_reject_unauthorized": True,
            "sntp_enabled": True,
            "pause_uses_disabled": False,
            "mqtt_protocol": endpoint.protocol,
        }

    def text(self, name: str) -> str:
        """A setting as text."""
        return str(self._stored[name])

    def number(self, name: str) -> int:
        """A setting as a number."""
        return int(self._stored[name])

    def flag(self, name: str) -> bool:
        """A switch."""
        return bool(self._stored[name])

    def broker(self, first: Endpoint) -> Endpoint:
        """The configured broker; reuses the TLS context of the `first` one."""
        verify = self.flag("mqtt_reject_unauthorized")
        trusted = first.tls if verify else None
        secure = self.text("mqtt_protocol") == "mqtts"
        return Endpoint(
            host=self.text("mqtt_server"),
            port=self.number("mqtt_port"),
            username=self.text("mqtt_user"),
            password=self.text("mqtt_pass"),
            tls=(trusted or tls_context(None, verify=verify)) if secure else None,
        )

    def change(self, wanted: Mapping[str, object]) -> set[str]:
        """Apply a partial update; returns the changed names. A mask leaves its secret unchanged."""
        changed = set()
        for name, value in wanted.items():
            old = self._stored.get(name)
            if not isinstance(value, (bool, int, str)) or type(value) is not type(old):
                continue
            if isinstance(value, str) and len(value) > _LONGEST_TEXT:
                continue
            if value != old and not (name in _SECRETS and value == _MASK):
                self._stored[name] = value
                changed.add(name)
        return changed

    def shown(self) -> dict[str, Value]:
        """Everything stored, secrets masked."""
        return {
            name: _MASK if name in _SECRETS and value else value
            for name, value in self._stored.items()
        }


def config_document(
    identity: Identity, settings: ChargerConfig, traits: Traits, version: str
) -> dict[str, Value]:
    """The whole reply to GET /config."""
    return {
        "firmware": "7.1.3",
        "protocol": "5.1.0",
        "espflash": 4_194_304,
        "identifier": f"{identity.name}-{identity.id}",
        "version": version,
        "diodet": 1,
        "gfcit": 1,
        "groundt": 1,
        "relayt": 1,
        "ventt": 0,
        "tempt": 1,
        "service": 2,
        "scale": 220,
        "offset": 0,
        "amplimit": traits.outlet.amps,
        **CAPABILITIES,
        **settings.shown(),
    }

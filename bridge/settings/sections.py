"""Every setting: name, type, default and meaning, by section."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bridge.core.discovery.subscriptions import SubscriptionMode
from bridge.core.model import Dialect
from bridge.logs import Format, Level
from bridge.settings import kinds
from bridge.settings.addresses import ListenAddress, MqttUrl

PRIVATE_NETWORKS = tuple(
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class Section(BaseModel):
    """A group of settings; immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MqttSettings(Section):
    """The broker and the topics."""

    url: kinds.Broker = Field(
        MqttUrl("localhost", 1883),
        description="Address of the broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS.",
    )
    username: kinds.Text = Field(None, description="User name at the broker.")
    password: kinds.Secret = Field(None, description="Password at the broker.")
    client_id: kinds.ClientId = Field(
        None,
        description="MQTT client id, with several shards followed by `-` and the index; unset: "
        "generated once and kept in the data folder.",
    )
    announce_topics: kinds.Topics = Field(
        ("openevse/announce/+",), description="Topic filters on which chargers announce themselves."
    )
    prefix: kinds.Prefix = Field(
        None,
        description="What a broker bridge puts before all topics: a text such as `site1`, or `+` "
        "for the first level of the announce topic; unset: announced base topics are complete.",
    )
    subscriptions: kinds.Subscribing = Field(
        SubscriptionMode.EACH,
        description="`each`: one for each charger; `wildcard`: one for all, where few are allowed.",
    )
    wildcard: kinds.Wildcard = Field(
        None,
        description="Topic filter that covers all chargers, such as `charger/#`; needs "
        "`subscriptions` = `wildcard`.",
    )
    ca_file: kinds.File = Field(
        None, description="PEM file of the certificate authorities to trust; unset: the system's."
    )
    cert_file: kinds.File = Field(
        None, description="PEM file of the client certificate; needs `key_file`."
    )
    key_file: kinds.File = Field(None, description="PEM file of the client certificate's key.")
    keepalive: kinds.KeepAlive = Field(_seconds(30), description="MQTT keep-alive.")
    queries: kinds.Switch = Field(
        False,
        description="Query chargers without HTTP over MQTT, with read-only RAPI queries (`$G…`).",
    )


class HttpSettings(Section):
    """Which chargers to poll over HTTP, and how."""

    enabled: kinds.Switch = Field(True, description="Poll chargers over HTTP.")
    username: kinds.BasicUser = Field(
        None, description="User name for chargers; sent only where `allow` was set."
    )
    password: kinds.Secret = Field(
        None, description="Password for chargers; sent only where `allow` was set."
    )
    credentials_file: kinds.File = Field(
        None, description="TOML file: charger id → username, password, allow."
    )
    allow: kinds.Networks = Field(
        PRIVATE_NETWORKS,
        description="Networks in which chargers may be polled. Credentials are only sent if this "
        "is set, or to a charger's own `allow`. Loopback, link-local, multicast and the bridge's "
        "own addresses are only polled if they are listed here.",
    )
    ports: kinds.Ports = Field((80, 443), description="Ports on which chargers may be polled.")
    names: kinds.Suffixes = Field(
        (),
        description="Suffixes of host names that may be looked up, such as `chargers.example.com`; "
        "chargers that announce other names are not polled.",
    )
    login_after: kinds.Wait = Field(
        timedelta(0),
        description="For how long a charger must be heard on its own announce topic before it is "
        "given `username` and `password`, and polled; `24h` is recommended. Chargers in "
        "`fleet.labels_file` or `credentials_file`, and those known from before, need not wait.",
    )
    ca_file: kinds.File = Field(
        None, description="PEM file of the certificate authorities to trust; unset: the system's."
    )
    fallback_every: kinds.Duration = Field(
        _seconds(30), description="How often to poll a charger whose MQTT is silent."
    )
    enrich_every: kinds.Duration = Field(
        _seconds(300), description="How often to poll values that MQTT does not carry."
    )
    min_gap: kinds.Duration = Field(
        _seconds(15),
        description="Minimum time between two requests to one address and port, whichever "
        "chargers announced it.",
    )
    timeout: kinds.Duration = Field(_seconds(10), description="Maximum wait for a reply.")
    concurrency: kinds.Count = Field(256, description="Maximum number of requests in flight.")

    @property
    def allow_was_set(self) -> bool:
        """Whether `allow` was set: with the default, no credentials are sent."""
        return "allow" in self.model_fields_set


class FleetSettings(Section):
    """Which chargers to follow, and how to interpret their messages."""

    dialect: kinds.DialectName = Field(
        Dialect.NOFOS,
        description="The firmware's message format: `nofos`, `ancestor` or `openevse`.",
    )
    dialects: kinds.Dialects = Field(
        default_factory=dict, description="Charger id → dialect, where it differs from `dialect`."
    )
    temperature_scale: kinds.ByDialect = Field(
        default_factory=dict,
        description="Factor from the sent temperature to °C: dialect → number, or one number "
        "for all dialects; where it is unset, tenths of a degree (`0.1`).",
    )
    silent_after: kinds.Duration = Field(
        _seconds(75), description="A connected charger without a live message is silent after this."
    )
    stale_after: kinds.Duration = Field(
        _seconds(120),
        description="A periodic value without an update is stale, and no longer shown, after this.",
    )
    retire_after: kinds.Duration = Field(
        timedelta(days=7),
        description="A charger that sends nothing for so long, while the bridge is connected and "
        "subscribed, retires: its series end, its counters are remembered as long again.",
    )
    max_chargers: kinds.Count = Field(100_000, description="Maximum number of chargers.")
    max_readings_per_second: kinds.Number = Field(
        50.0,
        description="Maximum number of readings accepted from one charger per second, two "
        "seconds' worth at once; beyond it, the newest value of each field is kept.",
    )
    frame_gap: kinds.FrameGap = Field(
        _seconds(0.25), description="Pause after which a frame is complete; below 2s."
    )
    labels_file: kinds.File = Field(None, description="TOML file: charger id → alias, site.")
    ignore: kinds.ChargerIds = Field((), description="Ids of chargers not to follow.")


class JournalSettings(Section):
    """The points kept on disk, before and after delivery to the stores."""

    dir: kinds.Folder = Field(
        Path("./nofos-bridge-data"), description="Data folder; `/data` in the container image."
    )
    keep: kinds.Duration = Field(timedelta(days=7), description="How long points are kept.")
    max_bytes: kinds.Size = Field(
        2_000_000_000, description="Maximum disk space for points; the oldest are deleted first."
    )


class StoreSettings(Section):
    """A store with the InfluxDB v2 write API."""

    url: kinds.StoreUrl = Field(
        None, description="Address of the store: `http://host:8086`; unset: no store."
    )
    org: kinds.Text = Field(
        None, description="Organisation; may stay unset where the store has none (VictoriaMetrics)."
    )
    bucket: kinds.Text = Field(
        None,
        description="Bucket; needed with `url` (`database/retention` for InfluxDB 1.8, any word "
        "for VictoriaMetrics).",
    )
    token: kinds.Secret = Field(
        None, description="Token; may stay unset where the store requires none."
    )
    tags: kinds.Tags = Field(
        default_factory=dict,
        description="Static tags on every point; never `charger` or `kind`.",
    )
    ca_file: kinds.File = Field(
        None, description="PEM file of the certificate authorities to trust; unset: the system's."
    )
    timeout: kinds.Duration = Field(_seconds(10), description="Maximum wait for a reply.")
    batch: kinds.Count = Field(5000, description="Maximum number of lines in one request.")
    flush_every: kinds.Duration = Field(
        _seconds(1), description="A request is sent at least this often while lines are pending."
    )


class InfluxSettings(StoreSettings):
    """The main store, and mirrors."""

    mirrors: Mapping[kinds.StoreName, StoreSettings] = Field(
        default_factory=dict,
        description="Further stores by name, each with the settings above and its own cursor.",
    )


class WebSettings(Section):
    """The page, the metrics and the API."""

    listen: kinds.ListenOn = Field(
        ListenAddress("0.0.0.0", 9876),
        description="Listen address: `host:port`, `[::]:9876` for IPv6.",
    )
    state_set: kinds.Switch = Field(
        False, description="Show `evse_state` as a state set beside `evse_state_code`."
    )
    username: kinds.BasicUser = Field(
        None, description="User name for all but the probes; needs `password_hash`."
    )
    password_hash: kinds.Secret = Field(
        None,
        description="Hash of the password for `username`, from `python -m bridge.web.login`.",
    )
    cert_file: kinds.File = Field(
        None, description="PEM file of the server certificate, for HTTPS; needs `key_file`."
    )
    key_file: kinds.File = Field(None, description="PEM file of the server certificate's key.")
    hosts: kinds.HostNames = Field(
        (),
        description="Names with a dot under which page and API are reached, such as "
        "`chargers.example.org`; addresses, names without a dot and `*.svc` always are.",
    )


class ShardSettings(Section):
    """Which part of the fleet this bridge serves."""

    index: kinds.Index = Field(
        0,
        description="This bridge's number, from 0; unset with `count` above 1: the number at the "
        "end of `HOSTNAME`.",
    )
    count: kinds.Count = Field(1, description="How many bridges share the fleet.")


class LogSettings(Section):
    """The bridge's own log."""

    level: kinds.LevelName = Field(
        Level.INFO, description="Lowest level: `debug`, `info`, `warning` or `error`."
    )
    format: kinds.FormatName = Field(
        Format.AUTO, description="`console`, `json`, or `auto`: console on a terminal, else JSON."
    )

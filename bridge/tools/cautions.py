"""Warnings about settings that are valid, but probably not what the operator wants."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from stat import S_IROTH

from bridge.app import from_settings
from bridge.monitoring.certificates import CertificateExpiries
from bridge.settings import Settings
from bridge.settings.secrets import secret_files
from bridge.settings.sections import HttpSettings
from bridge.settings.tree import PREFIX, variable

EXPIRES_SOON_SECONDS = 14 * 86400.0


def cautions(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """One sentence each; none of them prevents the bridge from running."""
    yield from settings_cautions(settings, environ)
    yield from _certificates(settings)
    yield from _open_files(settings)


def settings_cautions(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Warnings about the settings alone, without reading the files that they name."""
    yield from _store(settings)
    yield from _polls(settings)
    yield from _broker(settings)
    yield from _clear_text(settings)
    yield from _misspelled_variables(environ)


def _store(settings: Settings) -> Iterator[str]:
    influx = settings.influx
    if influx.url:
        return
    yield "influx.url is unset, so there is no store: points are kept in the journal only"
    given = [name for name in ("org", "bucket", "token") if getattr(influx, name) is not None]
    if given:
        names = " and ".join(f"influx.{name}" for name in given)
        yield f"{names} {'is' if len(given) == 1 else 'are'} set without influx.url: no effect"


def _polls(settings: Settings) -> Iterator[str]:
    http = settings.http
    if not http.enabled:
        return
    shared = http.username is not None or http.password is not None
    if http.password is not None and http.username is None:
        yield "http.password is set without http.username"
    if shared and not http.allow_was_set:
        yield "http.allow is unset: polls carry no credentials until it names the networks"
    if http.username is not None and http.password is not None and http.allow_was_set:
        yield from _shared_login(http)
    anywhere = any(not network.prefixlen for network in http.allow)
    if anywhere and (shared or http.credentials_file):
        yield "http.allow contains every address: anyone who can announce receives the credentials"


def _shared_login(http: HttpSettings) -> Iterator[str]:
    if not http.login_after:
        yield (
            "http.login_after is 0s: whoever announces an address in http.allow receives the "
            "shared login at once; 24h is recommended"
        )
    yield (
        "http.username and http.password are one login for all chargers: entries with allow in "
        "http.credentials_file are recommended, so that a login goes to its charger alone"
    )


def _broker(settings: Settings) -> Iterator[str]:
    mqtt = settings.mqtt
    if mqtt.password is not None and mqtt.username is None:
        yield "mqtt.password is set without mqtt.username: neither is sent to the broker"
    for name in ("ca_file", "cert_file"):
        if getattr(mqtt, name) is not None and not mqtt.url.tls:
            yield f"mqtt.{name} is set, but mqtt.url is not mqtts://: it has no effect"
    for topic in mqtt.announce_topics:
        if (covered := _covered(topic)) is not None:
            yield (
                f"mqtt.announce_topics contains {topic}, which also covers {covered}: "
                "name the announce topics alone"
            )


def _clear_text(settings: Settings) -> Iterator[str]:
    """What others on the network can read, or can ask for."""
    mqtt, web = settings.mqtt, settings.web
    if mqtt.password is not None and not mqtt.url.tls and not _is_this_machine(mqtt.url.host):
        yield "mqtt.password is sent in clear text: mqtt.url is not mqtts://"
    if _is_this_machine(web.listen.host):
        return
    if web.username is None:
        yield (
            f"web.listen is {web.listen} without web.username: whoever reaches the port sees the "
            "fleet; set a login, or listen on 127.0.0.1 only"
        )
    elif web.cert_file is None:
        yield (
            "web.username is set without web.cert_file: the password is sent in clear text, "
            "unless a proxy adds TLS"
        )


def _is_this_machine(host: str) -> bool:
    """Whether a host is reached without the network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _open_files(settings: Settings) -> Iterator[str]:
    """Files with secrets that every user of this machine may read."""
    for name, path in secret_files(settings).items():
        with contextlib.suppress(OSError):
            if path.stat().st_mode & S_IROTH:
                yield f"{name} {path} may be read by every user: chmod o-r"


def _covered(topic: str) -> str | None:
    """The telemetry that an announce filter covers, whatever the base topics are."""
    if topic.endswith("/#"):
        return f"the telemetry of every charger below {topic.removesuffix('/#')}"
    if topic.endswith("/+") and topic.count("/") == 1:
        return f"the telemetry of a charger whose base topic is {topic.removesuffix('/+')}"
    return None


def _certificates(settings: Settings) -> Iterator[str]:
    """Certificates that expired, or expire soon."""
    files, now = from_settings.certificates(settings), time.time()
    ends = CertificateExpiries(files).seconds()
    for name, file in files.items():
        end = ends.get(name)
        if end is None:
            yield f"{name} {file} contains no certificate with a readable date"
        elif end < now + EXPIRES_SOON_SECONDS:
            what = "expired" if end <= now else "expires soon,"
            date = datetime.fromtimestamp(end, UTC)
            yield f"{name} {file} contains a certificate that {what} on {date:%Y-%m-%d %H:%M} UTC"


def _misspelled_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """`NOFOS_MQTT_URL`, with one underscore, is ignored: probably a typing mistake."""
    suggestions = {
        f"{PREFIX}{section}_{name}".upper(): variable((section, name))
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    }
    for name in sorted(environ.keys() & suggestions.keys()):
        yield f"{name} is not a setting; did you mean {suggestions[name]}?"

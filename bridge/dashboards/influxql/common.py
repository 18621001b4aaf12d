"""Query fragments shared by several dashboards."""

from bridge.dashboards.model import Annotation, Variable
from bridge.dashboards.words import BAD, BUSY, ODD, WARN

AT_SITE = '$timeFilter AND "site" =~ /^$site$/'
OF_CHARGER = "$timeFilter AND \"charger\" = '$charger'"
SITE = Variable("site", "Site", 'SHOW TAG VALUES FROM "evse" WITH KEY = "site"')
CHARGER = Variable(
    "charger", "Charger", 'SHOW TAG VALUES FROM "evse" WITH KEY = "charger"', multi=False
)
TO_CHARGER = (
    "/d/nofos-charger-influx?${datasource:queryparam}&${__url_time_range}"
    "&var-charger=${__data.fields.Charger}"
)
LATELY = "5m"
"""Older values are not shown as current."""


def points(what: str, where: str = AT_SITE, *by: str, more: str = "") -> str:
    """A query on the chargers' points."""
    return _select(what, '"evse"', where, by, more)


def events(kind: str, what: str = 'COUNT("code")', where: str = "$timeFilter", *by: str) -> str:
    """A query on the events of one kind, which have no site."""
    return _select(what, '"evse_event"', f"{where} AND \"kind\" = '{kind}'", by, "")


def sessions(what: str, *by: str, more: str = "") -> str:
    """A query on finished sessions."""
    return _select(what, '"evse_charge"', AT_SITE, by, more)


def over_chargers(outer: str, inner: str, *, where: str = "", by: tuple[str, ...] = ()) -> str:
    """An aggregate over all chargers of each one's value `x`."""
    grouped = ('"charger"', *by)
    bounded = " AND ".join(part for part in (where, "$timeFilter" if by else "") if part)
    each = points(f'{inner} AS "x"', AT_SITE, *grouped)
    source = f"({each})"
    return _select(outer, source, bounded, by, "")


def _select(what: str, source: str, where: str, by: tuple[str, ...], more: str) -> str:
    parts = [f"SELECT {what} FROM {source}"]
    parts += [f"WHERE {where}"] if where else []
    parts += [f"GROUP BY {', '.join(by)}"] if by else []
    return " ".join([*parts, more]).strip()


EACH = "time($__interval)"


def marks(where: str) -> tuple[Annotation, ...]:
    """Events as annotations on the time axes."""
    return tuple(
        Annotation(
            name,
            colour,
            f'SELECT "text", "kind" FROM "evse_event" WHERE {where} '
            f"AND \"kind\" = '{kind}' ORDER BY time DESC LIMIT 500",
            "text",
        )
        for name, kind, colour in (
            ("Faults", "fault", BAD),
            ("Crashes", "crash", WARN),
            ("Reboots", "reboot", BUSY),
            ("Offline", "offline", ODD),
        )
    )

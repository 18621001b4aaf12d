"""Flux, the query language of InfluxDB 2: one query, its texts escaped."""

from datetime import UTC, datetime, timedelta


def flux_query(bucket: str, measurement: str, stamp_ms: int) -> str:
    """All values of a measurement at one millisecond."""
    begin = datetime.fromtimestamp(stamp_ms / 1000, UTC)
    return (
        f"from(bucket: {literal(bucket)})\n"
        f"  |> range(start: {_time(begin)}, stop: {_time(begin + timedelta(milliseconds=1))})\n"
        f"  |> filter(fn: (r) => r._measurement == {literal(measurement)})\n"
    )


def literal(text: str) -> str:
    """A string literal; `${` would begin an expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

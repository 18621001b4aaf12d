"""Checks that everything sent was received, and everything received is accounted for."""

from bench.scrape import one, total

PREFIX = "evse_bridge_readings_"
LAG = "evse_bridge_loop_lag_seconds_bucket"
EDGES = ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.25", "0.5", "1.0", "5.0")


def unaccounted(metrics: bytes) -> int:
    """Received readings that no counter accounts for; 0 when all adds up."""
    received = total(metrics, f"{PREFIX}received_total") + total(metrics, f"{PREFIX}recovered")
    accounted = sum(total(metrics, PREFIX + name) for name in ("stored_total", "pending"))
    return int(received - accounted - total(metrics, f"{PREFIX}discarded_total"))


def discarded(metrics: bytes) -> dict[str, int]:
    """Discarded readings by reason, without the reasons that had none."""
    found = {}
    for line in metrics.split(b"\n"):
        if line.startswith(f"{PREFIX}discarded_total{{".encode()):
            name, _, value = line.decode().rpartition(" ")
            if float(value):
                found[name.split('"')[1]] = int(float(value))
    return found


def worst_lag(before: bytes, after: bytes) -> float:
    """The edge below which every lag of the loop between two scrapes lies, in seconds."""
    whole = _bucket(after, "+Inf") - _bucket(before, "+Inf")
    for edge in EDGES:
        if _bucket(after, edge) - _bucket(before, edge) >= whole:
            return float(edge)
    return float("inf")


def _bucket(metrics: bytes, edge: str) -> float:
    return one(metrics, f'{LAG}{{le="{edge}"}}') or 0.0

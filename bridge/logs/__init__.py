"""Logging: set-up, escaping, hiding of secrets, and rate limiting of repeated events."""

from bridge.logs.repeated import RepeatedLog
from bridge.logs.setup import Format, Level, configure, dropped_lines

__all__ = ["Format", "Level", "RepeatedLog", "configure", "dropped_lines"]

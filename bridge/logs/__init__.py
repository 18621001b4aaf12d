"""Logs: set up once, safe for a terminal, free of secrets, and never in a flood."""

from bridge.logs.complaints import RepeatedLog
from bridge.logs.setup import Format, Level, configure

__all__ = ["Format", "Level", "RepeatedLog", "configure"]

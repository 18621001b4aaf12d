"""The files for Prometheus as `nofos-bridge dashboards` writes them."""

from collections.abc import Mapping

from bridge.alerts.model import Places
from bridge.alerts.rules_file import rules_text


def rule_files() -> Mapping[str, str]:
    """Text by path."""
    return {"rules.yml": rules_text(Places())}

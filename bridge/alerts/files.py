"""The files for Prometheus that `nofos-bridge dashboards` writes."""

from collections.abc import Mapping

from bridge.alerts.model import LinkBases
from bridge.alerts.rules_file import rules_text


def rule_files() -> Mapping[str, str]:
    """Text by path."""
    return {"rules.yml": rules_text(LinkBases())}

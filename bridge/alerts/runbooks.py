"""Generates the first part of each alert's runbook; the rest is written by hand."""

from bridge.alerts.model import Alert, Scope, Severity

GENERATED_END = "<!-- Down to here by `python -m bridge.alerts --write .`. -->\n"
_SEVERITIES = {
    Severity.PAGE: "page (act now)",
    Severity.WARNING: "warning (check today)",
    Severity.INFO: "info (no action required)",
}
_SCOPES = {
    Scope.CHARGER: "charger",
    Scope.SITE: "site",
    Scope.FLEET: "fleet",
    Scope.BRIDGE: "bridge",
}


def generated_part(alert: Alert) -> str:
    """Title, query, severity and hold times."""
    after = "at once" if alert.hold_for == "0m" else f"after {alert.hold_for}"
    keep = (
        f", keeps firing for {alert.keep_firing_for} after the condition ended"
        if alert.keep_firing_for
        else ""
    )
    return (
        f"# {alert.name}\n\n```promql\n{alert.condition}\n```\n\n"
        f"{_SEVERITIES[alert.severity]} · about a {_SCOPES[alert.scope]} · fires {after}{keep}"
        f"\n\n{GENERATED_END}"
    )


def regenerate(alert: Alert, page: str) -> str:
    """The page with its generated part replaced; a page without one gets empty headings."""
    _, found, written = page.partition(GENERATED_END)
    return generated_part(alert) + (written if found else _SKELETON)


_SKELETON = """
## What it means

## Look first

## Likely causes

## What to do

## Close it when
"""

"""The beginning of each alert's page; what follows it is written by hand."""

from bridge.alerts.model import Alert, Scope, Severity

END = "<!-- Down to here by `python -m bridge.alerts --write .`. -->\n"
_HOW_BAD = {
    Severity.PAGE: "page (someone gets up)",
    Severity.WARNING: "warning (someone looks today)",
    Severity.INFO: "info (someone may look)",
}
_QUERY = {
    Scope.CHARGER: "charger",
    Scope.SITE: "site",
    Scope.FLEET: "fleet",
    Scope.BRIDGE: "bridge",
}


def head(alert: Alert) -> str:
    """Title, query to paste, severity and patience."""
    after = "at once" if alert.wait == "0m" else f"after {alert.wait}"
    keep = f", goes on for {alert.keep} after the condition ended" if alert.keep else ""
    return (
        f"# {alert.name}\n\n```promql\n{alert.condition}\n```\n\n"
        f"{_HOW_BAD[alert.severity]} · about a {_QUERY[alert.scope]} · fires {after}{keep}\n\n{END}"
    )


def refreshed(alert: Alert, page: str) -> str:
    """The page with its beginning made anew; a page without one gets the headings to fill."""
    _, found, written = page.partition(END)
    return head(alert) + (written if found else _SKELETON)


_SKELETON = """
## What it means

## Look first

## Likely causes

## What to do

## Close it when
"""

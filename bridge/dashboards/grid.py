"""The layout: panels side by side as long as they fit, row titles across the full width."""

from collections.abc import Iterator, Sequence

from bridge.dashboards.model import WIDTH, Json, Panel, PanelRow


def layout(rows: Sequence[PanelRow]) -> Iterator[tuple[Panel | str, Json]]:
    """Each row's title and panels with their grid position, from the top."""
    top = 0
    for row in rows:
        yield row.title, {"x": 0, "y": top, "w": WIDTH, "h": 1}
        left, top, tallest = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                left, top, tallest = 0, top + tallest, 0
            yield panel, {"x": left, "y": top, "w": panel.width, "h": panel.height}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest

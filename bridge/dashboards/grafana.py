"""A dashboard as the JSON that Grafana 10 to 12 import."""

from bridge.dashboards.grid import layout
from bridge.dashboards.model import Annotation, Dashboard, Json, QueryLanguage, Variable
from bridge.dashboards.panels import SOURCE, panel_json, target

# Of Grafana 10.0; later ones migrate it when they load it.
SCHEMA = 38
TAG = "nofos-bridge"


def dashboard_json(dashboard: Dashboard) -> Json:
    """The whole file."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG, dashboard.language.value],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": dashboard.since, "to": "now"},
        "refresh": dashboard.refresh,
        "templating": {"list": _templating(dashboard)},
        "annotations": {
            "list": [_annotation(each, dashboard.language) for each in dashboard.annotations]
        },
        "links": [_siblings(dashboard.language)],
        "panels": [
            {"id": number, "gridPos": place}
            | (_row(what) if isinstance(what, str) else panel_json(what, dashboard.language))
            for number, (what, place) in enumerate(layout(dashboard.rows), 1)
        ],
    }


def _row(title: str) -> dict[str, object]:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def _siblings(language: QueryLanguage) -> Json:
    """A menu of the other dashboards of the same kind of datasource."""
    return {
        "type": "dashboards",
        "title": "Chargers",
        "tags": [TAG, language.value],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "url": "",
        "tooltip": "",
    }


def _templating(dashboard: Dashboard) -> list[Json]:
    datasource: Json = {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": dashboard.language.value,
        "regex": "",
        "current": {},
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
        "refresh": 1,
    }
    return [datasource, *(_variable(each, dashboard.language) for each in dashboard.variables)]


def _variable(variable: Variable, language: QueryLanguage) -> Json:
    query: object = variable.query
    if language is QueryLanguage.PROMQL:
        query = {"query": variable.query, "refId": "StandardVariableQuery"}
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "datasource": SOURCE[language],
        "query": query,
        "definition": variable.query,
        "regex": "",
        "multi": variable.multi,
        "includeAll": variable.multi,
        "allValue": ".*" if variable.multi else None,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]}
        if variable.multi
        else {},
        "hide": 0,
        "options": [],
        "refresh": 2,
        "sort": 5,
        "skipUrlSync": False,
    }


def _annotation(annotation: Annotation, language: QueryLanguage) -> Json:
    common = {
        "name": annotation.name,
        "datasource": SOURCE[language],
        "enable": True,
        "iconColor": annotation.colour,
    }
    if language is QueryLanguage.PROMQL:
        return common | {
            "expr": annotation.query,
            "step": "1m",
            "titleFormat": annotation.title,
            "useValueForTime": False,
        }
    return common | {
        "target": target(annotation.query, "", language, "Anno"),
        "query": annotation.query,
        "titleColumn": annotation.title,
        "textColumn": annotation.title,
        "tagsColumn": "kind",
    }

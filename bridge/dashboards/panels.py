"""A panel as Grafana's JSON: its targets, its fields, its options."""

from bridge.dashboards.fields import fields
from bridge.dashboards.model import Json, Panel, PanelKind, QueryLanguage, QueryType
from bridge.dashboards.options import OPTIONS

SOURCE = {language: {"type": language.value, "uid": "${datasource}"} for language in QueryLanguage}


def panel_json(panel: Panel, language: QueryLanguage) -> dict[str, object]:
    """All but its id and place."""
    json: dict[str, object] = {
        "type": panel.kind.value,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE[language],
        "targets": [
            target(query.text, query.legend, language, chr(ord("A") + number), panel.query_type)
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": fields(panel),
        "options": OPTIONS[panel.kind] | _own_options(panel),
        "transformations": _transformations(panel),
    }
    if panel.time_from:
        json["timeFrom"] = panel.time_from
    if panel.interval:
        json["interval"] = panel.interval
    return json


def target(
    text: str, legend: str, language: QueryLanguage, ref: str, answer: QueryType = QueryType.TABLE
) -> Json:
    """One query."""
    source: dict[str, object] = {"refId": ref, "datasource": SOURCE[language]}
    if language is QueryLanguage.INFLUXQL:
        shape = "table" if answer is QueryType.TABLE else "time_series"
        return source | {"query": text, "rawQuery": True, "alias": legend, "resultFormat": shape}
    now = answer in (QueryType.INSTANT, QueryType.TABLE)
    shape = {QueryType.TABLE: "table", QueryType.BUCKETS: "heatmap"}.get(answer, "time_series")
    return source | {
        "expr": text,
        "legendFormat": legend or "__auto",
        "instant": now,
        "range": not now,
        "format": shape,
        "editorMode": "code",
    }


def _own_options(panel: Panel) -> dict[str, object]:
    if panel.name_only:
        return {"textMode": "name"}
    sort = {"displayName": panel.sort, "desc": not panel.ascending}
    return {"sortBy": [sort]} if panel.sort else {}


def _transformations(panel: Panel) -> list[Json]:
    """Merge a table's queries into one row per charger, with the named columns."""
    if panel.kind is not PanelKind.TABLE:
        return []
    organize: Json = {
        "indexByName": {name: number for number, name in enumerate(panel.columns)},
        "renameByName": dict(panel.columns),
        "excludeByName": {},
    }
    selected: Json = {"include": {"names": list(panel.columns)}}
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": selected},
        {"id": "organize", "options": organize},
    ]

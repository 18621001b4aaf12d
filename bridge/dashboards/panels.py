"""A panel as Grafana's JSON: its targets, its fields, its options."""

from bridge.dashboards.fields import fields
from bridge.dashboards.model import Answer, Json, Kind, Language, Panel
from bridge.dashboards.options import OPTIONS

SOURCE = {language: {"type": language.value, "uid": "${datasource}"} for language in Language}


def panel_json(panel: Panel, language: Language) -> dict[str, object]:
    """All but its id and place."""
    found: dict[str, object] = {
        "type": panel.kind.value,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE[language],
        "targets": [
            target(query.text, query.legend, language, chr(ord("A") + number), panel.answer)
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": fields(panel),
        "options": OPTIONS[panel.kind] | _own_options(panel),
        "transformations": _transformations(panel),
    }
    if panel.time_from:
        found["timeFrom"] = panel.time_from
    if panel.interval:
        found["interval"] = panel.interval
    return found


def target(
    text: str, legend: str, language: Language, ref: str, answer: Answer = Answer.TABLE
) -> Json:
    """One query."""
    source: dict[str, object] = {"refId": ref, "datasource": SOURCE[language]}
    if language is Language.INFLUXQL:
        shape = "table" if answer is Answer.TABLE else "time_series"
        return source | {"query": text, "rawQuery": True, "alias": legend, "resultFormat": shape}
    now = answer in (Answer.NOW, Answer.TABLE)
    shape = {Answer.TABLE: "table", Answer.BUCKETS: "heatmap"}.get(answer, "time_series")
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
    sort = {"displayName": panel.sort, "desc": not panel.least_first}
    return {"sortBy": [sort]} if panel.sort else {}


def _transformations(panel: Panel) -> list[Json]:
    """A table's queries become one row per charger, with the columns that it names."""
    if panel.kind is not Kind.TABLE:
        return []
    organized: Json = {
        "indexByName": {name: number for number, name in enumerate(panel.columns)},
        "renameByName": dict(panel.columns),
        "excludeByName": {},
    }
    chosen: Json = {"include": {"names": list(panel.columns)}}
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": chosen},
        {"id": "organize", "options": organized},
    ]

"""docs/settings.md holds every setting, and is what the models say."""

import pytest

from bridge.settings import Settings
from bridge.tools.settings_doc import document
from tests.kit.root import ROOT

PAGE = ROOT / "docs" / "settings.md"
NAMES = [
    (section, name)
    for section, field in Settings.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {})
]


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == document()


@pytest.mark.parametrize(("section", "name"), NAMES)
def test_the_page_holds_the_setting(section: str, name: str) -> None:
    variable = f"NOFOS_{section}__{name}".upper()
    (row,) = [line for line in PAGE.read_text().splitlines() if f"| `{variable}` |" in line]
    assert row.startswith(f"| `{section}.{name}` |")
    meaning = row.split(" | ")[3].rstrip(" |")
    assert len(meaning) > 10


def test_there_are_settings_to_document() -> None:
    assert len(NAMES) == 62


@pytest.mark.parametrize(
    "row",
    [
        "| `mqtt.url` | `NOFOS_MQTT__URL` | `mqtt://localhost:1883` |",
        "| `http.ports` | `NOFOS_HTTP__PORTS` | `80,443` |",
        "| `http.enrich_every` | `NOFOS_HTTP__ENRICH_EVERY` | `300s` |",
        "| `fleet.retire_after` | `NOFOS_FLEET__RETIRE_AFTER` | `7d` |",
        "| `fleet.frame_gap` | `NOFOS_FLEET__FRAME_GAP` | `0.25s` |",
        "| `journal.dir` | `NOFOS_JOURNAL__DIR` | `./nofos-bridge-data` |",
        "| `journal.max_bytes` | `NOFOS_JOURNAL__MAX_BYTES` | `2GB` |",
        "| `web.listen` | `NOFOS_WEB__LISTEN` | `0.0.0.0:9876` |",
    ],
)
def test_the_page_shows_defaults_as_one_writes_them(row: str) -> None:
    assert row in PAGE.read_text()

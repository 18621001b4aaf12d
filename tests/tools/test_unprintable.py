"""No command prints a character of a stranger's text that a terminal or a spreadsheet obeys."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.discovery.announcement import read_announcement
from bridge.core.output.batch import Batch, RefusedLine
from bridge.storage.journal import Journal
from bridge.tools.export.formats import ExportFormat
from bridge.tools.export.run import ExportOptions
from bridge.tools.refused import print_refused
from tests.tools.export.test_export import exported, journaled, lp

HOSTILE = "a\x1b]0;owned\x07\u202egnp.exe\u2066\x9b31m"
EVENT = f'evse_event,charger=a,kind=renamed code=0i,text="{HOSTILE}" 1700000000000'.encode()


@pytest.mark.parametrize("form", ExportFormat)
async def test_an_export_prints_none(tmp_path: Path, form: ExportFormat) -> None:
    await journaled(tmp_path, [EVENT])
    out, _ = exported(tmp_path, ExportOptions(form))
    assert all(line.isprintable() for line in out.splitlines())
    assert "owned" in out


async def test_json_keeps_the_text(tmp_path: Path) -> None:
    await journaled(tmp_path, [EVENT])
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.JSONL))
    assert json.loads(out)["fields"]["text"] == HOSTILE


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
async def test_no_cell_of_a_table_is_a_formula(tmp_path: Path, text: str) -> None:
    line = f'evse_event,charger=a,kind=crash code=-7i,text="{text}",x=-1.5 1700000000000'
    await journaled(tmp_path, [line.encode()])
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.CSV))
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["text"] == f"'{text}"
    assert (row["code"], row["x"]) == ("-7", "-1.5")


async def test_line_protocol_is_as_it_was_where_it_is_printable(tmp_path: Path) -> None:
    line = 'evse,charger=a,site=Žižkov energy=-1.5,text="=x" 1700000000000'.encode()
    await journaled(tmp_path, [line])
    assert lp(tmp_path) == [line]


async def test_refused_lines_and_reasons_print_none(tmp_path: Path) -> None:
    await journaled(tmp_path)
    journal = await Journal.open(
        tmp_path, stores=("main",), keep=timedelta(days=7), limit=10**9, points_lost=lambda *_: None
    )
    await journal.append(Batch([EVENT], [1], 1_700_000_000_000, 1_700_000_000_000))
    batch = await journal.read("main", 10)
    assert batch is not None
    await journal.acknowledge("main", batch, [RefusedLine(EVENT, f"no {HOSTILE}", 1)], 1)
    await journal.close()
    out = io.StringIO()
    await asyncio.to_thread(print_refused, tmp_path, out)
    (row,) = out.getvalue().splitlines()
    assert all(cell.isprintable() for cell in row.split("\t"))
    assert row.count("owned") == 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(HOSTILE, "a ]0;owned gnp.exe 31m"), ("\x07\u200f", None), (" Žižkov 1 ", "Žižkov 1"),
     ("a\u2028b", "a b")],
)  # fmt: skip
def test_names_are_cleaned_at_the_door(sent: str, kept: str | None) -> None:
    payload = json.dumps({"state": "connected", "id": "a", "name": sent}).encode()
    announcement = read_announcement(payload)
    assert announcement is not None
    assert announcement.name == kept

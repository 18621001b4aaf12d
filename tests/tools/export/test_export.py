"""`export`: the journal's points on standard output, in each form, while a bridge may run."""

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from bridge.core.output.batch import Batch
from bridge.storage.database import connect
from bridge.storage.journal import Journal
from bridge.storage.journal_sql import FILE, JOURNAL_FORMAT
from bridge.tools.export.formats import ExportFormat
from bridge.tools.export.run import ExportOptions, export
from bridge.tools.time_argument import parse_time
from tests.kit.lives import Life
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.support import Publisher, eventually
from tests.tools.test_cli import environ, nofos

BEGIN_MS = 1_700_000_000_000
NOW = datetime(2023, 11, 14, 22, 13, 30, tzinfo=UTC)
"""Ten seconds after the first point."""
LINES = (
    b"evse,charger=a,site=Yard\\ east current_1=16.5,state_code=3i 1700000000000",
    b"evse,charger=b power=3680.0 1700000001000",
    b'evse_event,charger=a,kind=state code=3i,text="charging, \\"fast\\"" 1700000002000',
    b"evse,charger=a current_1=15.9 1700000003123",
)


async def journaled(folder: Path, *batches: Sequence[bytes]) -> None:
    """A journal with these rows."""
    folder.mkdir(exist_ok=True)
    journal = await Journal.open(
        folder, stores=(), keep=timedelta(days=7), limit=10**9, points_lost=lambda *_: None
    )
    for lines in batches:
        stamps = [int(line.rpartition(b" ")[2]) for line in lines]
        await journal.append(Batch(lines, [1] * len(lines), min(stamps), max(stamps)))
    await journal.close()


def exported(folder: Path, choice: ExportOptions) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    export(folder, choice, NOW, out, err)
    return out.getvalue(), err.getvalue()


def lp(folder: Path, **chosen: str) -> list[bytes]:
    out, _ = exported(folder, ExportOptions(ExportFormat.LP, **chosen))
    return [line.encode() for line in out.splitlines()]


async def test_line_protocol_is_what_was_journaled(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES[:1], LINES[1:])
    assert exported(tmp_path, ExportOptions(ExportFormat.LP)) == (
        b"\n".join((*LINES, b"")).decode(),
        "",
    )


async def test_many_rows_are_read_in_their_order(tmp_path: Path) -> None:
    rows = [f"evse,charger=a n={n}i {BEGIN_MS + n}".encode() for n in range(23)]
    await journaled(tmp_path, *([row] for row in rows))
    assert lp(tmp_path) == rows


async def test_one_charger_alone(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES)
    assert lp(tmp_path, charger="b") == [LINES[1]]


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [
        ("2023-11-14T22:13:21Z", "2023-11-14T22:13:23.123Z", LINES[1:3]),
        ("2023-11-14T23:13:22+01:00", None, LINES[2:]),
        ("8s", None, LINES[2:]),
        (None, "9s", LINES[:1]),
    ],
)
async def test_a_span_holds_its_begin_and_not_its_end(
    tmp_path: Path, since: str | None, until: str | None, kept: Sequence[bytes]
) -> None:
    await journaled(tmp_path, LINES[:2], LINES[2:])
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.LP, since=since, until=until))
    assert out.encode().splitlines() == list(kept)


async def test_json_lines_hold_a_point_each(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES)
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.JSONL))
    points = [json.loads(line) for line in out.splitlines()]
    assert len(points) == 4
    assert points[2] == {
        "time": "2023-11-14T22:13:22.000Z",
        "measurement": "evse_event",
        "tags": {"charger": "a", "kind": "state"},
        "fields": {"code": 3, "text": 'charging, "fast"'},
    }
    assert points[3]["time"] == "2023-11-14T22:13:23.123Z"


async def test_csv_has_one_header_and_a_row_for_each_point(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES)
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.CSV))
    header, *_ = out.splitlines()
    assert header.startswith("time,measurement,charger,site,kind,current_1,")
    rows = list(csv.DictReader(io.StringIO(out)))
    filled = [{name: text for name, text in row.items() if text} for row in rows]
    assert filled == [
        {
            "time": "2023-11-14T22:13:20.000Z", "measurement": "evse", "charger": "a",
            "site": "Yard east", "current_1": "16.5", "state_code": "3",
        },
        {
            "time": "2023-11-14T22:13:21.000Z", "measurement": "evse", "charger": "b",
            "power": "3680.0",
        },
        {
            "time": "2023-11-14T22:13:22.000Z", "measurement": "evse_event", "charger": "a",
            "kind": "state", "code": "3", "text": 'charging, "fast"',
        },
        {
            "time": "2023-11-14T22:13:23.123Z", "measurement": "evse", "charger": "a",
            "current_1": "15.9",
        },
    ]  # fmt: skip


async def test_static_tags_become_columns(tmp_path: Path) -> None:
    await journaled(tmp_path, [b"evse,charger=a,region=north power=1.0 1700000000000"])
    out, _ = exported(tmp_path, ExportOptions(ExportFormat.CSV))
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["region"] == "north"


@pytest.mark.parametrize("form", list(ExportFormat))
async def test_an_empty_span_gives_no_line_and_a_word(tmp_path: Path, form: ExportFormat) -> None:
    await journaled(tmp_path, LINES)
    assert exported(tmp_path, ExportOptions(form, since="1s")) == (
        "",
        "the journal contains no points of that time\n",
    )


async def test_an_unknown_charger_gives_no_line_and_a_word(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES)
    out, err = exported(tmp_path, ExportOptions(ExportFormat.CSV, charger="c"))
    assert (out, err) == ("", "the journal contains no points of charger c, which is unknown\n")


async def test_a_damaged_row_is_left_out_and_told_once(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES[:1], LINES[1:3], LINES[3:])
    connection = connect(tmp_path / FILE, JOURNAL_FORMAT)
    connection.execute("UPDATE points SET body = x'00' WHERE id = 2")
    connection.close()
    out, err = exported(tmp_path, ExportOptions(ExportFormat.CSV))
    assert len(out.splitlines()) == 3
    assert err == "some rows of the journal are damaged; 2 points are missing\n"


def test_a_folder_without_a_journal_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="NOFOS_JOURNAL__DIR"):
        exported(tmp_path, ExportOptions())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["yesterday", "2023-11-14T22:13:20", "-5m", "", "99999d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="is not a time; write it like"):
        parse_time(text, NOW)


async def test_an_end_before_the_begin_is_refused(tmp_path: Path) -> None:
    await journaled(tmp_path, LINES)
    with pytest.raises(CommandFailed, match="--since is not before --until"):
        exported(tmp_path, ExportOptions(since="1h", until="2h"))


# --- As typed --------------------------------------------------------------------------------


async def test_it_works_beside_a_running_bridge_which_goes_on(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Life(tmp_path, mosquitto.url) as life, Publisher(mosquitto.port) as charger:
        await eventually(life.started, 20)
        charger.publish(
            "openevse/announce/a", '{"id":"a","state":"connected","mqtt":"base"}', retain=True
        )
        env = environ(JOURNAL__DIR=str(tmp_path / "data"))

        async def arrived() -> str:
            charger.say("base/pilot", "16")
            done = await asyncio.to_thread(nofos, "export", "--format", "lp", env=env)
            assert done.returncode == 0, done.stderr
            return done.stdout if "pilot=16.0" in done.stdout else ""

        assert "evse,charger=a " in await eventually(arrived, 30)
        assert life.process.poll() is None
        assert '"level": "error"' not in life.said()


async def test_it_goes_into_a_store_and_comes_back(
    tmp_path: Path, victoria: VictoriaMetrics
) -> None:
    lines = [f"evse,charger=a current_1={n}.5 {BEGIN_MS + n}".encode() for n in range(50)]
    await journaled(tmp_path / "data", lines[:20], lines[20:])
    env = environ(JOURNAL__DIR=str(tmp_path / "data"))
    done = await asyncio.to_thread(nofos, "export", "--format", "lp", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    url = f"{victoria.url}/api/v2/write?precision=ms"
    request = urllib.request.Request(url, done.stdout.encode())
    (await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)).close()
    (series,) = victoria.export('{__name__="evse_current_1"}')
    assert series.values == [n + 0.5 for n in range(50)]
    assert series.timestamps == [BEGIN_MS + n for n in range(50)]


@pytest.mark.parametrize(("points", "read"), [(500, 10), (1, 0)])
async def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path, points: int, read: int) -> None:
    """In the middle, or before the little that there is was handed over."""
    text = "x" * 900
    lines = [f'evse,charger=a text="{text}" {BEGIN_MS + n}'.encode() for n in range(points)]
    await journaled(tmp_path, lines)
    assert await asyncio.to_thread(leaving_early, tmp_path, read) == (0, b"")


def leaving_early(folder: Path, read: int) -> tuple[int, bytes]:
    """Reads some bytes of an export and leaves; how it ended, and what it said."""
    reads, writes = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "export"], stdout=writes, stderr=subprocess.PIPE,
        env=environ(JOURNAL__DIR=str(folder)),
    )  # fmt: skip
    os.close(writes)
    if read:
        assert len(os.read(reads, read)) == read
    os.close(reads)
    _, err = process.communicate(timeout=20)
    return process.returncode, err


def test_a_wrong_form_ends_with_2_and_names_the_right_ones() -> None:
    done = nofos("export", "--format", "xml", env=environ())
    assert done.returncode == 2
    assert all(f"'{form}'" in done.stderr for form in ("csv", "jsonl", "lp"))

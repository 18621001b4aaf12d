"""`replay`: the journal's points into a store again, once each, also after an interruption."""

import asyncio
import io
import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bridge.core.errors import CommandFailed
from bridge.settings import load
from bridge.storage.journal import Journal
from bridge.tools.replay.run import ReplayOptions, replay
from bridge.tools.replay.target import TargetOptions
from tests.kit.influx_standin import (
    LIMITED,
    OVERLOADED,
    UNAUTHORIZED,
    Answer,
    InfluxStandin,
    Silence,
    Version,
)
from tests.kit.lives import Life, copied, journal_lines
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.support import Publisher, eventually
from tests.tools.export.test_export import BEGIN_MS, NOW, journaled
from tests.tools.test_cli import environ, nofos, started

ROWS = [[f"evse,charger=a n={row}.{k} {BEGIN_MS + 10 * row + k}".encode() for k in range(3)]
        for row in range(20)]  # fmt: skip
LINES = [line for row in ROWS for line in row]


def errand(
    to: str, *, since: str | None = None, until: str | None = None, patience: float = 60.0
) -> ReplayOptions:
    return ReplayOptions(
        TargetOptions(to, org="depot", bucket="evse"), since, until, max_wait_seconds=patience
    )


class Stumbling(InfluxStandin):
    """Gives this answer to its third request; nothing of that one is stored."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._third = answer

    async def _write(self, request: web.Request) -> web.StreamResponse:
        if len(self.requests) == 2:
            self.answers.append(self._third)
        return await super()._write(request)


async def replayed(
    folder: Path,
    errand: ReplayOptions,
    later: float = 0.0,
    settings: Mapping[str, str] | None = None,
) -> str:
    """Replays a data folder, so many seconds later; what was said."""
    environment = {"JOURNAL__DIR": str(folder), "INFLUX__BATCH": "10", **(settings or {})}
    loaded = load(None, {f"NOFOS_{name}": text for name, text in environment.items()})
    err = io.StringIO()
    await replay(loaded, errand, NOW + timedelta(seconds=later), err)
    return err.getvalue()


def kept(folder: Path) -> Mapping[str, int]:
    """How far the replays of this folder came; empty where none is unfinished."""
    files = [json.loads(file.read_text()) for file in folder.glob("replay-*")]
    assert len(files) <= 1
    return files[0] if files else {}


async def test_every_point_arrives_once_in_its_order(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        url = store.url
        output = await replayed(tmp_path, errand(url))
    assert store.stored == LINES
    assert [len(each.lines) for each in store.requests] == [9, 9, 9, 9, 9, 9, 6]
    assert store.requests[0].query == {"org": "depot", "bucket": "evse", "precision": "ms"}
    assert output == f"60 points stored in {url}, 0 refused\n"
    assert kept(tmp_path) == {}


async def test_a_span_goes_alone(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    begin, end = "2023-11-14T22:13:20.011Z", "2023-11-14T22:13:20.031Z"
    async with InfluxStandin() as store:
        await replayed(tmp_path, errand(store.url, since=begin, until=end))
    assert store.stored == [*ROWS[1][1:], *ROWS[2], ROWS[3][0]]


async def test_ended_half_way_it_goes_on_where_it_was(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with Stumbling(UNAUTHORIZED) as store:
        url = store.url
        with pytest.raises(CommandFailed):
            await replayed(tmp_path, errand(url))
        assert store.stored == LINES[:18]
        assert kept(tmp_path)["stored"] == 18
        output = await replayed(tmp_path, errand(url))
    assert store.stored == LINES
    assert output.splitlines() == [
        "continues after 18 points of an earlier attempt",
        f"60 points stored in {url}, 0 refused",
    ]
    assert kept(tmp_path) == {}


async def test_how_long_ago_still_means_the_first_try(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        store.answers.append(UNAUTHORIZED)
        work = errand(store.url, since="9890ms")
        with pytest.raises(CommandFailed):
            await replayed(tmp_path, work)
        assert kept(tmp_path)["since_ms"] == BEGIN_MS + 110
        await replayed(tmp_path, work, later=60)
    assert store.stored == [line for row in ROWS[11:] for line in row]


async def test_another_store_or_span_begins_at_its_own_beginning(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as one, InfluxStandin() as other:
        one.answers.append(UNAUTHORIZED)
        with pytest.raises(CommandFailed):
            await replayed(tmp_path, errand(one.url))
        await replayed(tmp_path, errand(other.url))
        await replayed(tmp_path, errand(one.url, until="2023-11-14T22:13:20.010Z"))
        assert other.stored == LINES
        assert one.stored == ROWS[0]


async def test_a_mark_of_a_journal_that_is_gone_counts_no_more(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        store.answers.extend([UNAUTHORIZED])
        with pytest.raises(CommandFailed):
            await replayed(tmp_path, errand(store.url))
        (file,) = tmp_path.glob("replay-*")
        file.write_text(json.dumps({**json.loads(file.read_text()), "row": 21}))
        await replayed(tmp_path, errand(store.url))
    assert store.stored == LINES


async def test_an_unreadable_mark_begins_anew(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        store.answers.append(UNAUTHORIZED)
        with pytest.raises(CommandFailed):
            await replayed(tmp_path, errand(store.url))
        (file,) = tmp_path.glob("replay-*")
        file.write_text('{"row": "many"}')
        await replayed(tmp_path, errand(store.url))
    assert store.stored == LINES


async def test_what_the_store_has_is_left_out_where_only_the_rest_is_asked_for(
    tmp_path: Path,
) -> None:
    await journaled(tmp_path, *ROWS[:15])
    journal = await Journal.open(
        tmp_path, stores=("main",), keep=timedelta(days=7), limit=10**9, points_lost=lambda *_: None
    )
    chunk = await journal.read("main", 12)
    assert chunk is not None
    await journal.acknowledge("main", chunk, (), 0)
    await journal.close()
    await journaled(tmp_path, *ROWS[15:])
    async with InfluxStandin() as store:
        await replayed(tmp_path, replace(errand(store.url), pending=True))
    assert store.stored == LINES[12:]


async def test_a_store_that_is_busy_is_waited_for(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        url = store.url
        store.answers.append(replace(OVERLOADED, headers={}))
        output = await replayed(tmp_path, errand(url))
    assert store.stored == LINES
    assert output.splitlines()[0] == (
        f"{url} is unavailable, retrying: HTTP 503: server is temporarily unavailable"
    )


async def test_a_store_that_stays_away_ends_it(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        store.answers.append(replace(LIMITED, headers={}))
        with pytest.raises(CommandFailed, match="run the same command again to continue from here"):
            await replayed(tmp_path, errand(store.url, patience=0.0))
    assert store.stored == []


async def test_a_store_that_denies_ends_it_at_once(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin() as store:
        store.answers.append(UNAUTHORIZED)
        with pytest.raises(CommandFailed, match=r"HTTP 401.*check org, bucket and token"):
            await replayed(tmp_path, errand(store.url))
        assert len(store.requests) == 1


@pytest.mark.parametrize("version", list(Version))
async def test_a_refused_line_takes_no_other_along(tmp_path: Path, version: Version) -> None:
    bad = b"evse,charger=a bad=1.0 1700000000999"
    await journaled(tmp_path, *ROWS[:2], [bad], *ROWS[2:])
    async with InfluxStandin(version) as store:
        with pytest.raises(CommandFailed, match="refused 1 points"):
            await replayed(tmp_path, errand(store.url))
    assert sorted(store.stored) == sorted(LINES)


async def test_a_body_that_is_too_large_goes_in_pieces(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    async with InfluxStandin(most_lines=4) as store:
        await replayed(tmp_path, errand(store.url))
    assert store.stored == LINES


async def test_the_settings_token_travels_only_to_the_store_that_they_name(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS[:1])
    (tmp_path / "token").write_text("typed\n")
    async with InfluxStandin() as mine, InfluxStandin() as mirror, InfluxStandin() as other:
        summary = {
            "INFLUX__URL": mine.url, "INFLUX__BUCKET": "b", "INFLUX__TOKEN": "ours",
            "INFLUX__MIRRORS": json.dumps(
                {"far": {"url": mirror.url, "bucket": "c", "token": "theirs"}}
            ),
        }  # fmt: skip
        for url in (mine.url, f"{mirror.url}/", other.url):
            await replayed(tmp_path, ReplayOptions(TargetOptions(url)), settings=summary)
        given = TargetOptions(other.url, token_file=tmp_path / "token")
        await replayed(tmp_path, ReplayOptions(given), settings=summary)
        sent = [(each.authorization or "-").strip() for each in (*mine.requests, *mirror.requests)]
        assert sent == ["Token ours", "Token theirs"]
        assert mirror.requests[0].query["bucket"] == "c"
        assert "ours" not in (other.requests[0].authorization or "")
        assert other.requests[1].authorization == "Token typed"


@pytest.mark.parametrize(
    ("org", "bucket", "token"),
    [(None, None, "ours"), (None, "c", "theirs"), ("o", "b", "third"), (None, "other", "ours")],
)
async def test_two_stores_of_one_address_are_told_apart_by_what_was_typed(
    tmp_path: Path, org: str | None, bucket: str | None, token: str
) -> None:
    await journaled(tmp_path, *ROWS[:1])
    async with InfluxStandin() as store:
        mirrors = {
            "far": {"url": store.url, "bucket": "c", "token": "theirs"},
            "wide": {"url": store.url, "org": "o", "bucket": "b", "token": "third"},
        }
        summary = {
            "INFLUX__URL": store.url, "INFLUX__BUCKET": "b", "INFLUX__TOKEN": "ours",
            "INFLUX__MIRRORS": json.dumps(mirrors),
        }  # fmt: skip
        await replayed(
            tmp_path, ReplayOptions(TargetOptions(store.url, org, bucket)), settings=summary
        )
        (sent,) = store.requests
    assert (sent.authorization, sent.query["bucket"]) == (f"Token {token}", bucket or "b")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (TargetOptions("influx:8086"), "--to: it does not start with http://"),
        (TargetOptions("http://me:secret@influx"), "the URL contains a user name or a password"),
        (TargetOptions("http://influx"), "name it with --bucket"),
        (
            TargetOptions("http://influx", bucket="b", token_file=Path("none")),
            "--token-file none cannot",
        ),
    ],
)
async def test_what_cannot_be_meant_is_said(tmp_path: Path, asked: TargetOptions, why: str) -> None:
    await journaled(tmp_path, *ROWS)
    with pytest.raises(CommandFailed, match=why) as caught:
        await replayed(tmp_path, ReplayOptions(asked))
    assert "secret" not in str(caught.value)


async def test_a_folder_without_a_journal_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="NOFOS_JOURNAL__DIR"):
        await replayed(tmp_path, errand("http://127.0.0.1:9"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_on_a_terminal_a_bar_shows_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    await journaled(tmp_path, *ROWS)
    err = Terminal()
    settings = load(None, {"NOFOS_JOURNAL__DIR": str(tmp_path)})
    async with InfluxStandin() as store:
        await replay(settings, errand(store.url), NOW, err)
    assert "60/60" in err.getvalue()
    assert "60 points stored in http://127.0.0.1:" in err.getvalue()


# --- As typed --------------------------------------------------------------------------------


async def test_a_signal_ends_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    await journaled(tmp_path, *ROWS)
    env = environ(JOURNAL__DIR=str(tmp_path), INFLUX__BATCH="10")
    async with Stumbling(Silence()) as store:
        url = store.url
        words = ("replay", "--to", url, "--bucket", "evse")
        with started(*words, env=env) as process:
            await eventually(lambda: len(store.requests) == 3, 20)
            process.send_signal(signal.SIGTERM)
            _, err = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == 1
        assert (
            err == "nofos-bridge: interrupted; run the same command again to continue from here\n"
        )
        done = await asyncio.to_thread(nofos, *words, env=env)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "continues after 18 points of an earlier attempt",
        f"60 points stored in {url}, 0 refused",
    ]
    assert store.stored == LINES


def test_a_job_needs_no_number_in_its_host_name(tmp_path: Path) -> None:
    env = {
        **environ(JOURNAL__DIR=str(tmp_path), SHARD__COUNT="3"), "HOSTNAME": "bridge-drain-2-x7k",
    }  # fmt: skip
    done = nofos("replay", "--to", "http://127.0.0.1:9", "--bucket", "b", env=env)
    assert done.returncode == 1
    assert "there is no journal in" in done.stderr


def points_of(data: Path, place: Path) -> Sequence[tuple[int, str]]:
    with copied(data, place) as files:
        return sorted(
            (line.stamp, line.fields["pilot"])
            for line in journal_lines(files)
            if "pilot" in line.fields
        )


async def test_a_killed_bridges_folder_gives_all_of_its_points(
    tmp_path: Path, mosquitto: Mosquitto, victoria: VictoriaMetrics
) -> None:
    """What the store had already is not there twice; what it never got is there."""
    data, away = tmp_path / "data", "http://127.0.0.1:9"
    env = environ(JOURNAL__DIR=str(data))
    # As a cluster of it is addressed, below a path.
    words = ("replay", "--to", f"{victoria.url}/influx", "--bucket", "evse")
    with Publisher(mosquitto.port) as charger:
        charger.publish(
            "openevse/announce/a", '{"id":"a","state":"connected","mqtt":"base"}', retain=True
        )
        with Life(tmp_path, mosquitto.url, INFLUX__URL=away, INFLUX__BUCKET="evse") as life:
            await eventually(life.started, 20)

            def spoke() -> bool:
                charger.say("base/pilot", "16")
                return life.metrics().get('evse_bridge_points_pending{store="main"}', 0) >= 3

            await eventually(spoke, 30, every=0.3)
            # Also while the bridge runs.
            done = await asyncio.to_thread(nofos, *words, env=env)
            assert done.returncode == 0, done.stderr
    journaled_points = points_of(data, tmp_path / "look")
    done = await asyncio.to_thread(nofos, *words, env=env)
    assert done.returncode == 0, done.stderr
    assert len(journaled_points) >= 3

    def stored() -> list[tuple[int, str]]:
        (series,) = victoria.export('{__name__="evse_pilot"}')
        pairs = zip(series.timestamps, series.values, strict=True)
        return [(stamp, f"{value:.1f}") for stamp, value in pairs]

    # What it took a moment ago it shows a little later.
    await eventually(lambda: len(stored()) >= len(journaled_points))
    assert stored() == journaled_points

"""Alias and site: from the operator's file to the info series, the tag, the API, the page."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.app.relabelling import Relabelling, relabel
from bridge.core.errors import FixSettings
from bridge.core.labels import Labels
from bridge.core.telemetry.telemetry import Telemetry
from bridge.web.page import FleetPage
from bridge.web.view import charger_view
from tests.kit.core import Bench, restarted
from tests.kit.labels import FIRST, ONE, SECOND, loaded, looked_at_twice, rewrite, written
from tests.kit.loop_turns import Turns
from tests.kit.mqtts import watched
from tests.kit.servers import Mosquitto
from tests.kit.settings import problem
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return written(tmp_path)


def infos(bench: Bench) -> list[str]:
    return [name for name in bench.metrics() if name.startswith("evse_info")]


def labelled(alias: str = "", site: str = "", tags: Mapping[str, str] | None = None) -> Bench:
    """A charger that spoke once."""
    bench = Bench(labels={ONE: Labels(alias, site)}, tags=tags)
    bench.announce()
    bench.hear(("charger/one/voltage", "230"))
    bench.wait(1)
    return bench


def test_alias_and_site_are_on_the_info_series_alone() -> None:
    bench = labelled("Bay 12", "north")
    (info,) = infos(bench)
    assert 'alias="Bay 12",site="north"' in info
    assert [name for name in bench.metrics() if "north" in name or "Bay" in name] == [info]


def test_the_site_is_a_tag_of_points_and_sessions_and_of_no_event() -> None:
    bench = labelled(site="north")
    bench.hear(("charger/one/state", "3"))
    bench.wait(1)
    bench.hear(("charger/one/state", "1"))
    bench.wait(60)
    bench.wait(60)
    tags = {line.split(" ")[0] for line in bench.lines()}
    assert tags == {
        "evse,charger=abc123,site=north", "evse_charge,charger=abc123,site=north",
        "evse_event,charger=abc123,kind=state",
    }  # fmt: skip


def test_without_a_site_the_static_tag_of_that_name_stands() -> None:
    assert "evse,charger=abc123,site=all " in labelled(tags={"site": "all"}).lines()[0]
    assert (
        "evse,charger=abc123,site=north " in labelled("", "north", tags={"site": "all"}).lines()[0]
    )


@pytest.mark.parametrize(
    ("site", "tag"),
    [
        ("a b,c=d", r"a\ b\,c\=d"),
        ('say "hi"', 'say\\ "hi"'),
        ("back\\slash", "back\\slash"),
        ("end\\", "end/"),
        ("a\\,b", r"a/\,b"),
        ("a\\ b=", r"a/\ b\="),
        ("Süd ⚡", "Süd\\ ⚡"),
    ],
)
def test_a_site_is_escaped_as_a_tag(site: str, tag: str) -> None:
    line = labelled(site=site).lines()[0]
    assert line.startswith(f"evse,charger=abc123,site={tag} voltage_1=")


def test_labels_are_escaped_in_metrics() -> None:
    (info,) = infos(labelled('a"b\\c', "x\ny"))
    assert 'alias="a\\"b\\\\c",site="x\\ny"' in info


async def test_labels_are_in_the_api_and_on_the_page_escaped() -> None:
    bench = labelled("<b>Bay</b>", "north & south")
    found = charger_view(bench.registry.telemetries[ONE], bench.now)
    assert (found["alias"], found["site"]) == ("<b>Bay</b>", "north & south")
    page = FleetPage(bench.registry.telemetries)
    text = await page.render(bench.wall)
    assert "&lt;b&gt;Bay&lt;/b&gt; <small>north &amp; south</small>" in text
    assert "<b>Bay" not in text
    for search in ("bay", "NORTH", "nofos-c123", "abc"):
        assert "abc123" in await page.render(bench.wall, search=search)
    assert "abc123" not in await page.render(bench.wall, search="east")


async def test_a_charger_without_labels_has_none() -> None:
    bench = labelled()
    found = charger_view(bench.registry.telemetries[ONE], bench.now)
    assert (found["alias"], found["site"]) == (None, None)
    assert 'alias="",site=""' in infos(bench)[0]


async def test_a_new_site_counts_from_the_next_point_on(labels: Path) -> None:
    bench, file = labelled("Bay 12", "north"), loaded(labels)
    rewrite(labels, SECOND)
    assert looked_at_twice(file) == []
    assert await relabel(bench.registry.telemetries, file, bench.boundary) == 1
    bench.hear(("charger/one/voltage", "231"))
    bench.wait(1)
    assert [line.split(" ")[0] for line in bench.lines()] == [
        "evse,charger=abc123,site=north", "evse,charger=abc123,site=south",
    ]  # fmt: skip
    (info,) = infos(bench)
    assert 'site="south"' in info


async def test_a_charger_that_is_no_longer_in_the_file_has_no_labels(labels: Path) -> None:
    bench, file = labelled("Bay 12", "north"), loaded(labels)
    rewrite(labels, "")
    assert looked_at_twice(file) == []
    assert await relabel(bench.registry.telemetries, file, bench.boundary) == 1
    assert 'alias="",site=""' in infos(bench)[0]


async def test_the_same_labels_again_change_nothing(labels: Path) -> None:
    bench = labelled("Bay 12", "north")
    assert await relabel(bench.registry.telemetries, loaded(labels), bench.boundary) == 0


async def test_a_charger_that_goes_while_others_are_relabelled_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.runtime.yielding.SLICE_SECONDS", 0)
    bench = labelled()
    bench.announce("def456", "charger/two", topic="openevse/announce/d456")
    path = written(tmp_path, "[abc123]\nsite='north'\n[def456]\nsite='north'\n")
    relabelling = asyncio.create_task(
        relabel(bench.registry.telemetries, loaded(path), bench.boundary)
    )
    await asyncio.sleep(0)
    bench.hear(("openevse/announce/d456", ""))
    assert await relabelling == 1
    (info,) = infos(bench)
    assert 'charger="abc123"' in info


async def test_new_labels_of_many_chargers_hold_up_nobody(tmp_path: Path) -> None:
    bench = Bench()
    for n in range(3000):
        bench.announce(f"c{n}", f"charger/{n}", topic=f"openevse/announce/{n}")
    longest = []
    for site in ("north", "south", "east"):
        text = "".join(f"[c{n}]\nsite = '{site}'\n" for n in range(3000))
        file = loaded(written(tmp_path, text))
        with Turns() as turns:
            assert await relabel(bench.registry.telemetries, file, bench.boundary) == 3000
        longest.append(turns.longest)
    assert min(longest) <= 0.010, longest


async def test_a_running_bridge_takes_new_labels_and_tells_of_each_bad_one_once(
    mosquitto: Mosquitto, labels: Path, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announce(peer, "abc123", "charger/one")
        async with watched(
            tmp_path, mosquitto.url, FLEET__LABELS_FILE=str(labels), LOG__LEVEL="info"
        ) as bridge:

            async def called(alias: str | None, site: str | None) -> bool:
                data = (await bridge.running.json("/api/v1/chargers"))["data"]
                return [(each["alias"], each["site"]) for each in data] == [(alias, site)]

            def reasons(event: str) -> list[object]:
                return [line.get("why") for line in bridge.lines if line["event"] == event]

            await eventually(lambda: called("Bay 12", "north"), 15, every=0.1)
            labels.write_text("[abc123]\nsite = 7\n")
            await eventually(lambda: bool(reasons("labels.refused")), 15, every=0.1)
            assert await called("Bay 12", "north")
            labels.write_text("[abc123]\nalias = 7\n")
            await eventually(lambda: len(reasons("labels.refused")) == 2, 15, every=0.1)
            labels.write_text(SECOND)
            await eventually(lambda: called("Bay 12", "south"), 15, every=0.1)
    assert reasons("labels.refused") == [
        'site of "abc123": it is not text', 'alias of "abc123": it is not text',
    ]  # fmt: skip
    assert len(reasons("labels.read")) == 1


async def test_a_remembered_charger_has_its_labels_from_the_start() -> None:
    bench = restarted(labelled(), labels={ONE: Labels("Bay 12", "north")})
    assert 'alias="Bay 12",site="north"' in infos(bench)[0]


async def test_a_file_that_is_bad_at_the_start_is_a_setting_to_fix(
    labels: Path, tmp_path: Path
) -> None:
    labels.write_text("[abc123]\ncolour = 'red'\n")
    wrong = problem(FLEET__LABELS_FILE=str(labels))
    assert (wrong.name, wrong.wrong) == ("fleet.labels_file", '"abc123" has no member "colour"')
    with pytest.raises(FixSettings, match="colour"):
        await Relabelling(labels).load()


async def test_an_error_at_one_charger_leaves_no_other_without_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    labels = written(tmp_path, FIRST + '[two]\nalias = "Bay 13"\n')
    for charger, topic in ((ONE, "one"), ("two", "two")):
        bench.announce(charger, f"charger/{topic}", topic=f"openevse/announce/{topic}")
    whole = Telemetry.relabel

    def broken(self: Telemetry, given: Labels) -> bool:
        if self.charger.id == ONE:
            raise ZeroDivisionError
        return whole(self, given)

    monkeypatch.setattr(Telemetry, "relabel", broken)
    assert await relabel(bench.registry.telemetries, loaded(labels), bench.boundary) == 1
    assert len(bench.words.bugs) == 1

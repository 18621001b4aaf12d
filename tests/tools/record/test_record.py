"""`record` beside a real broker, and its recording played again."""

import json
import signal
from pathlib import Path

from tests.kit.servers import Mosquitto, free_port
from tests.kit.support import Heard, Publisher, Subscriber, eventually
from tests.tools.test_cli import environ, nofos, started

PRIVATE = ("24a1607d30", "rosa", "garage", "10.3.2.1", "7d30", "wlan-7")
ANNOUNCED = {
    "state": "connected", "id": "24a1607d30", "name": "rosas-box", "mqtt": "rosa/garage",
    "http": "http://10.3.2.1/",
}  # fmt: skip
SAID = (("amp", "16"), ("wh", "2.012722817e7"), ("temp1", "false"), ("state", "3"))


async def recorded(broker: Mosquitto) -> tuple[str, str, int]:
    """What becomes of a charger with a private life: standard output and error, exit code."""
    env = environ(MQTT__URL=broker.url)
    with Publisher(broker.port) as charger, started("record", env=env) as process:
        assert process.stderr is not None
        charger.publish("openevse/announce/7d30", json.dumps(ANNOUNCED), retain=True)
        assert process.stderr.readline() == "recording; press Ctrl-C to stop\n"
        await eventually(lambda: "rosa/garage/#" in broker.log)
        charger.publish("rosa/garage/config", '{"ssid": "wlan-7"}', retain=True)
        for key, payload in SAID:
            charger.publish(f"rosa/garage/{key}", payload)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(1 + len(SAID))]
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=30)
        return "".join(lines) + rest, err, process.returncode


async def test_a_recording_has_the_values_and_no_names(mosquitto: Mosquitto) -> None:
    out, err, code = await recorded(mosquitto)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert err == "5 messages of 1 chargers; 1 left out, as they were not measurements\n"
    assert [(row["topic"], row["payload"]) for row in rows[1:]] == [
        (f"level-1/level-2/{key}", payload) for key, payload in SAID
    ]
    assert not [word for word in PRIVATE if word in out]
    times = [row["time"] for row in rows]
    assert times[0] == 0
    assert times == sorted(times)


async def test_a_recording_is_played_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    out, _, _ = await recorded(mosquitto)
    file = tmp_path / "depot.jsonl"
    file.write_text(out, encoding="utf-8")
    with Subscriber(mosquitto.port, "level-1/#", "openevse/announce/1") as hears:
        done = nofos("simulate", "--broker", mosquitto.url, "--from", str(file))
        assert done.returncode == 0, done.stderr
        await eventually(lambda: len(hears.received) == 1 + len(SAID))
        output = hears.received
    assert output[0].topic == "openevse/announce/1"
    assert json.loads(output[0].payload)["id"] == "charger-1"
    assert output[1:] == [Heard(f"level-1/level-2/{key}", payload) for key, payload in SAID]


def test_a_recording_ends_after_its_time(mosquitto: Mosquitto) -> None:
    done = nofos("record", "--seconds", "1", env=environ(MQTT__URL=mosquitto.url))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(
        "0 messages of 0 chargers; 0 left out, as they were not measurements\n"
    )


def test_a_broker_that_is_not_there_is_said_in_a_line() -> None:
    done = nofos("record", env=environ(MQTT__URL=f"mqtt://127.0.0.1:{free_port()}"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nofos-bridge: the broker 127.0.0.1:")
    assert "Traceback" not in done.stderr


async def test_who_reads_a_recording_may_leave(mosquitto: Mosquitto) -> None:
    env = environ(MQTT__URL=mosquitto.url)
    with Publisher(mosquitto.port) as charger, started("record", env=env) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stderr.readline() == "recording; press Ctrl-C to stop\n"
        process.stdout.close()
        charger.publish("openevse/announce/7d30", json.dumps(ANNOUNCED))
        await eventually(lambda: process.poll() is not None)
        assert (process.returncode, process.stderr.read()) == (0, "")

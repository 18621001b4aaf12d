"""The command line: one function for each command, with its options and its example.

A command imports its own modules when it is called, so that `run` starts without those of all
others: an MQTT broker, a simulator, dashboards.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer

import bridge
from bridge.app.service import run as run_bridge
from bridge.app.service import stop_on_signals, stop_with_input
from bridge.logs import configure
from bridge.settings import Settings
from bridge.sim.options import SimOptions
from bridge.sim.scenarios import TABLE
from bridge.tools.cautions import cautions
from bridge.tools.charger_commands import add_charger_commands
from bridge.tools.command_line import (
    ConfigOption,
    ignore_broken_pipe,
    load_settings,
    report_errors,
    run_async,
)
from bridge.tools.journal_commands import add_journal_commands
from bridge.tools.shards import UNTIL_INPUT_ENDS, plan_shards, run_shards, shard_environ
from bridge.tools.simulate import PASSWORD, broker_url

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Telemetry of EV charger fleets: MQTT in, InfluxDB and Prometheus out.",
    rich_markup_mode="markdown",
)


def main() -> None:
    """The entry point of `nofos-bridge` and `python -m bridge`."""
    app(prog_name="nofos-bridge")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(bridge.__version__)
        raise typer.Exit


@app.command(epilog="Example: NOFOS_MQTT__URL=mqtt://broker:1883 nofos-bridge run")
def run(
    config: ConfigOption = None,
    shards: Annotated[
        int | None,
        typer.Option(min=2, max=64, help="Number of processes, each with its own port and folder."),
    ] = None,
    tied: Annotated[bool, typer.Option(UNTIL_INPUT_ENDS, hidden=True)] = False,
) -> None:
    """The bridge, until SIGTERM or SIGINT; then it drains and exits 0."""
    if shards:
        _run_shards(shards, config)
    settings = load_settings(config)
    configure(settings.log.level, settings.log.format, background=True)
    if settings.shard.count > 1:
        structlog.contextvars.bind_contextvars(shard=settings.shard.index)
    for caution in cautions(settings, os.environ):
        structlog.get_logger("settings").warning("settings.caution", caution=caution)
    run_async(_run_until_stopped(settings, tied=tied))


def _run_shards(count: int, config: Path | None) -> NoReturn:
    environ = {**os.environ, **shard_environ(count)}
    settings = load_settings(config, environ)
    configure(settings.log.level, settings.log.format)
    with report_errors(), asyncio.Runner() as runner:
        code = runner.run(run_shards(plan_shards(count, settings, environ), config))
    raise typer.Exit(code)


async def _run_until_stopped(settings: Settings, *, tied: bool) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    if tied:
        stop_with_input(stop)
    await run_bridge(settings, stop=stop)


@app.command(epilog="Example: nofos-bridge demo --chargers 50")
def demo(
    chargers: Annotated[int, typer.Option(min=1, max=2000, help="Simulated chargers.")] = 25,
    speed: Annotated[
        float, typer.Option(min=0.1, max=60, help="Speed relative to real chargers.")
    ] = 10.0,
) -> None:
    """An embedded broker, simulated chargers, the bridge and its page; needs no other program."""
    from bridge.tools.demo.run import demo as run_demo
    from bridge.tools.demo.terminal import foreground

    with foreground(os.environ):
        run_async(run_demo(chargers, speed, os.environ, sys.stdout))


@app.command(epilog="Example: nofos-bridge check --config /etc/nofos-bridge.toml")
def check(config: ConfigOption = None) -> None:
    """The effective settings with their sources; invalid ones are listed with a remedy (exit 2)."""
    from bridge.tools.check import check as check_settings

    raise typer.Exit(check_settings(config, os.environ, sys.stdout, sys.stderr))


@app.command(epilog="Example: nofos-bridge doctor --config /etc/nofos-bridge.toml")
def doctor(config: ConfigOption = None) -> None:
    """Tests everything the bridge needs: folder, port, files, broker, stores, some chargers."""
    from bridge.tools.doctor.run import doctor as run_doctor

    configure("error", "auto")
    run_async(run_doctor(config, os.environ, sys.stdout, sys.stderr))


_SCENARIOS = "; ".join(f"{name}: {scenario.about}" for name, scenario in TABLE.items())


@app.command(epilog="Example: nofos-bridge simulate --broker mqtt://localhost:1883 --chargers 100")
def simulate(
    broker: Annotated[str, typer.Option(metavar="URL", help="mqtt://[user:password@]host:port")],
    chargers: Annotated[int, typer.Option(min=1, help="Number of chargers.")] = 25,
    interval: Annotated[float, typer.Option(help="Seconds between documents.")] = 30.0,
    speed: Annotated[float, typer.Option(help="Speed of simulated time.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    http_port: Annotated[
        int | None, typer.Option(help="Serve HTTP on this port of 127.1.0.1, 127.1.0.2, …")
    ] = None,
    scenario: Annotated[str, typer.Option(metavar="NAME", help=_SCENARIOS)] = "calm",
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Log every published message to this file.")
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Replay such a file or a recording instead."),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"The broker's password; else {PASSWORD}."),
    ] = None,
) -> None:
    """Chargers as they behave on MQTT and HTTP, until interrupted."""
    configure("info", "auto")
    with report_errors():
        url = broker_url(broker, password_file, os.environ)
    options = SimOptions(
        broker=url, chargers=chargers, interval=interval, speed=speed, seed=seed,
        http_port=http_port, scenario=scenario, ledger=ledger, recording=recording,
    )  # fmt: skip
    run_async(_simulate(options))


def _print_remark(sentence: str) -> None:
    typer.echo(f"nofos-bridge: {sentence}", err=True)


async def _simulate(options: SimOptions) -> None:
    """Until a signal, or until the recording has been replayed."""
    from bridge.sim.run import simulate as run_simulation

    stop = asyncio.Event()
    stop_on_signals(stop)
    simulation = asyncio.create_task(
        run_simulation(options, on_broker_change=_print_remark), name="simulation"
    )
    stopped = asyncio.create_task(stop.wait(), name="stopped")
    await asyncio.wait({simulation, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not simulation.done():
        simulation.cancel()
        await asyncio.wait({simulation})
    if not simulation.cancelled():
        simulation.result()


@app.command(epilog="Example: nofos-bridge record --seconds 600 > depot.jsonl")
def record(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Duration; default: until interrupted.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Record the chargers' MQTT messages, anonymized, for `simulate --from` and for sharing."""
    from bridge.tools.record.run import record as run_record

    with ignore_broken_pipe():
        run_async(run_record(load_settings(config), seconds, sys.stdout, sys.stderr))


@app.command(epilog="Example: nofos-bridge fields > fields.md")
def fields() -> None:
    """The catalogue: every field, its metric, its column, its unit."""
    from bridge.tools.fields import table as fields_table

    sys.stdout.write(fields_table())


@app.command(epilog="Example: nofos-bridge dashboards --out /etc/nofos-bridge")
def dashboards(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Output folder; created if missing.")],
) -> None:
    """Dashboards and provisioning in DIR/grafana, alert rules in DIR/deploy/prometheus."""
    from bridge.tools.dashboards import dashboards as write_dashboards

    with report_errors():
        write_dashboards(out, sys.stderr)


add_charger_commands(app)
add_journal_commands(app)

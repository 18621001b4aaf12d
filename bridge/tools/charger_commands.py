"""The command-line options of `query` and `enroll`; each imports its own modules when called."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.tools.command_line import ConfigOption, load_settings, report_errors, run_async
from bridge.tools.enroll.broker_password import VARIABLE, broker_password


def add_charger_commands(app: typer.Typer) -> None:
    """Add them to the application."""
    app.command(epilog="Example: nofos-bridge query a1b2c3d4e5f6 '$GS'")(query)
    example = "nofos-bridge enroll http://10.0.0.7 --broker mqtt://10.0.0.1 --topic depot/seven"
    app.command(epilog=f"Example: {example}")(enroll)


def query(
    charger: Annotated[
        str, typer.Argument(metavar="CHARGER", help="The charger's id or URL: http://10.0.0.7")
    ],
    command: Annotated[
        str, typer.Argument(metavar="QUERY", help="$GV $GS $GT $GG $GP $GU $GF $GE $GC $GD or $GA")
    ],
    config: ConfigOption = None,
) -> None:
    """Send one read-only query to a charger's controller; prints the reply as named values."""
    from bridge.tools.charger.run import run_query

    run_async(run_query(load_settings(config), charger, command, sys.stdout, sys.stderr))


def enroll(
    url: Annotated[str, typer.Argument(metavar="URL", help="The charger's: http://10.0.0.7")],
    broker: Annotated[
        str, typer.Option(metavar="URL", help="mqtt[s]://host:port, as the charger sees it.")
    ],
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Base topic; default: unchanged.")
    ] = None,
    announce_topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Announce topic; default: unchanged.")
    ] = None,
    username: Annotated[
        str, typer.Option(help="The charger's user name at the broker; default: none.")
    ] = "",
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=f"File with that user's password; else {VARIABLE}, else a prompt."
        ),
    ] = None,
    any_certificate: Annotated[
        bool,
        typer.Option("--any-certificate", help="Let the charger accept any broker certificate."),
    ] = False,
    wait: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds to wait for the announcement.")
    ] = 60.0,
    config: ConfigOption = None,
) -> None:
    """Configure a charger's MQTT settings and wait until it announces itself."""
    from bridge.tools.enroll.arguments import announcement_broker, parse_mqtt_config
    from bridge.tools.enroll.run import EnrollOptions
    from bridge.tools.enroll.run import enroll as enroll_charger

    settings = load_settings(config)
    with report_errors():
        mqtt_config = parse_mqtt_config(
            broker, topic=topic, announce_topic=announce_topic, username=username,
            verify=not any_certificate,
        )  # fmt: skip
        if username:
            mqtt_config = replace(
                mqtt_config, password=broker_password(username, password_file, os.environ)
            )
    options = EnrollOptions(url, mqtt_config, announcement_broker(mqtt_config, settings), wait)
    run_async(enroll_charger(options, settings, sys.stdout, sys.stderr))

"""The commands that talk to one charger, as they are typed."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.tools.charger.query import query as put_query
from bridge.tools.command_line import Config, finish, said, settled
from bridge.tools.enroll.broker_password import VARIABLE, broker_password
from bridge.tools.enroll.run import Task
from bridge.tools.enroll.run import enroll as enroll_charger
from bridge.tools.enroll.words import listening_post, read_wish


def add_charger_commands(app: typer.Typer) -> None:
    """Put them beside the others."""
    app.command(epilog="Example: nofos-bridge query a1b2c3d4e5f6 '$GS'")(query)
    example = "nofos-bridge enroll http://10.0.0.7 --broker mqtt://10.0.0.1 --topic depot/seven"
    app.command(epilog=f"Example: {example}")(enroll)


def query(
    charger: Annotated[
        str, typer.Argument(metavar="CHARGER", help="Its id, or its URL: http://10.0.0.7")
    ],
    command: Annotated[
        str, typer.Argument(metavar="QUERY", help="$GV $GS $GT $GG $GP $GU $GF $GE $GC $GD or $GA")
    ],
    config: Config = None,
) -> None:
    """One read-only query to a charger's controller, its answer in named values."""
    finish(put_query(settled(config), charger, command, sys.stdout, sys.stderr))


def enroll(
    url: Annotated[str, typer.Argument(metavar="URL", help="The charger's: http://10.0.0.7")],
    broker: Annotated[
        str, typer.Option(metavar="URL", help="mqtt[s]://host:port, as the charger sees it.")
    ],
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Base topic; unset: stays as it is.")
    ] = None,
    announce_topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Announce topic; unset: stays as it is.")
    ] = None,
    username: Annotated[
        str, typer.Option(help="The charger's user at the broker; unset: it uses none.")
    ] = "",
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=f"Holds that user's password; else {VARIABLE}, else a prompt."
        ),
    ] = None,
    any_certificate: Annotated[
        bool, typer.Option("--any-certificate", help="Let the charger trust any broker.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds to wait for the announcement.")
    ] = 60.0,
    config: Config = None,
) -> None:
    """Give a charger its MQTT settings, and wait until it announces itself."""
    settings = settled(config)
    with said():
        wish = read_wish(
            broker, topic=topic, announce_topic=announce_topic, username=username,
            verify=not any_certificate,
        )  # fmt: skip
        if username:
            wish = replace(wish, password=broker_password(username, password_file, os.environ))
    task = Task(url, wish, listening_post(wish, settings), wait)
    finish(enroll_charger(task, settings, sys.stdout, sys.stderr))

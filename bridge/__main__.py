"""`python -m bridge` is the same as `nofos-bridge`."""

import gc


def main() -> None:
    """Import the command line, then run it."""
    # Modules stay: a fifth of the start would go into searching them for garbage.
    gc.disable()
    from bridge.cli import main as run_command

    gc.enable()
    run_command()


if __name__ == "__main__":
    main()

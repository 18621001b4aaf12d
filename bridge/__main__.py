"""`python -m bridge` is the same as `nofos-bridge`."""

from bridge.cli import main

if __name__ == "__main__":
    main()

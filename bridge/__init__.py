"""nofos-bridge: telemetry of EV charger fleets, from MQTT to time series."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("nofos-bridge")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"

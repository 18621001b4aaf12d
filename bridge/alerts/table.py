"""All groups of rules, in the order of the file."""

from bridge.alerts.bridge import BRIDGE
from bridge.alerts.controller import CONTROLLER
from bridge.alerts.faults import FAULTS, RECURRING
from bridge.alerts.gateway import GATEWAY
from bridge.alerts.model import Alert
from bridge.alerts.overview import OVERVIEW
from bridge.alerts.reach import REACH
from bridge.alerts.recordings import RECORDINGS
from bridge.alerts.stores import STORES

GROUPS = (
    RECORDINGS, OVERVIEW, REACH, FAULTS, RECURRING, GATEWAY, CONTROLLER, BRIDGE, STORES,
)  # fmt: skip
ALERTS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, Alert))

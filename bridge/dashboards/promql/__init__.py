"""The dashboards for Prometheus."""

from bridge.dashboards.model import Dashboard
from bridge.dashboards.promql.bridge import BRIDGE
from bridge.dashboards.promql.charger import CHARGER_BOARD
from bridge.dashboards.promql.energy import ENERGY
from bridge.dashboards.promql.faults import FAULTS
from bridge.dashboards.promql.fleet import FLEET

DASHBOARDS: tuple[Dashboard, ...] = (FLEET, CHARGER_BOARD, FAULTS, ENERGY, BRIDGE)

"""The dashboards for InfluxDB, in InfluxQL, which versions 1.8, 2 and 3 support."""

from bridge.dashboards.influxql.charger import CHARGER_BOARD
from bridge.dashboards.influxql.energy import ENERGY
from bridge.dashboards.influxql.faults import FAULTS
from bridge.dashboards.influxql.fleet import FLEET
from bridge.dashboards.model import Dashboard

DASHBOARDS: tuple[Dashboard, ...] = (FLEET, CHARGER_BOARD, FAULTS, ENERGY)

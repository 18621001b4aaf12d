"""Names of the recorded series that dashboards query instead of aggregating a large fleet."""

UP = "site:evse_up:sum"
ANNOUNCED = "site:evse_announced:sum"
POWER = "site:evse_power_watts:sum"
STATES = "site_state_code:evse_state_code:count"
FAULTS = "charger:evse_faults_total:sum"

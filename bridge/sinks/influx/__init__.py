"""Delivers the journal to InfluxDB; the only place that imports influxdb_client."""

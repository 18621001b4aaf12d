"""Tests of bridge/dashboards/influxql/."""

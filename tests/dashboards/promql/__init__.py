"""Tests of bridge/dashboards/promql/."""

"""Tests of bridge/dashboards/."""

"""Tests of bridge/monitoring/."""

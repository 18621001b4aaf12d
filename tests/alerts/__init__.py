"""Tests of alerts/: rules, cases, Alertmanager."""

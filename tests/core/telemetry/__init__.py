"""Tests of bridge/core/telemetry/."""

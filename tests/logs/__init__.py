"""Tests of bridge/logs/."""

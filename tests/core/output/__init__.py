"""Tests of bridge/core/output/."""

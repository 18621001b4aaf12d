"""Tests of bridge/core/discovery/."""

"""Tests of bridge/settings/."""

"""Tests of bridge/sources/mqtt/."""

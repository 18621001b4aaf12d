"""Tests of bridge/sinks/."""

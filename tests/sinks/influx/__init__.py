"""Tests of bridge/sinks/influx/."""

"""Tests of bridge/sim/."""

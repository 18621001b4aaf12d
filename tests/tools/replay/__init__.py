"""Tests of bridge/tools/replay/."""

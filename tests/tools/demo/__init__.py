"""Tests of bridge/tools/demo/."""

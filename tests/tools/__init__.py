"""Tests of bridge/tools/."""

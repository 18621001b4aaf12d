"""Tests of bridge/runtime/."""

"""Tests of bridge/core/polling/."""

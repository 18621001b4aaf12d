"""Tests of bridge/core/gateway/."""

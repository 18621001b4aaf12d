"""Tests of bridge/core/rapi/."""

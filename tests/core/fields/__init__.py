"""Tests of bridge/core/fields/."""

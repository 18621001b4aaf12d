"""Tests of bridge/core/charging/."""

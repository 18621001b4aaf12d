"""Tests of bridge/sources/."""

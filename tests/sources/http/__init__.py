"""Tests of bridge/sources/http/."""

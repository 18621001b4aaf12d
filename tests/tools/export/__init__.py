"""Tests of bridge/tools/export/."""

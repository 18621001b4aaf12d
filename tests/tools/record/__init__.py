"""Tests of bridge/tools/record/."""

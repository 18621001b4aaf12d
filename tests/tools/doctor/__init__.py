"""Tests of bridge/tools/doctor/."""

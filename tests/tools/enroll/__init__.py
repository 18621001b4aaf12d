"""Tests of bridge/tools/enroll/."""

"""Tests of bridge/tools/charger/."""

"""Tests of bridge/storage/."""

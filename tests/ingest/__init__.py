"""Tests of bridge/ingest/."""

"""Tests of app/: the bridge as it is put together."""

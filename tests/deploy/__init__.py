"""Tests of deploy/: chart, overlays, compose, image, unit."""

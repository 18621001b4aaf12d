"""Tests of bench/: the measurements measure what they say."""

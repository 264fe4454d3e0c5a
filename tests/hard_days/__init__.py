"""Tests of lines, clocks and providers that fail."""

"""Tests of audio that is played on the telephone."""

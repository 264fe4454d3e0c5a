"""Tests of the audio of recordings, as the API sends it."""

"""Tests of the integration in a browser, through the newest Home Assistant's own user interface."""

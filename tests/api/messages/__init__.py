"""Tests of voice messages and SMS, as the API takes them."""

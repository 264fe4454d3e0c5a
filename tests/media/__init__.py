"""Tests of recordings as media: the media browser, and the view that streams them."""

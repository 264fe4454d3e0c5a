"""Helpers of the API's tests."""

from custom_components.directcall.api import RequestScope


def in_time() -> RequestScope:
    """Return a scope with the time that an action has."""
    return RequestScope(45)

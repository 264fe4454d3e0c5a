"""Moments, as people write them."""

from datetime import date, datetime, time

from homeassistant.util import dt as dt_util


def read_moment(value: object) -> datetime:
    """Return a moment in the home's time, to the second. Without a zone, it is the home's.

    Raise TypeError, ValueError or OverflowError if it is none.
    """
    if isinstance(value, str) and ":" in value:
        value = dt_util.parse_datetime(value)
    if not isinstance(value, datetime):
        raise TypeError
    moment = value.replace(microsecond=0)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt_util.get_default_time_zone())
    return dt_util.as_local(moment)


def read_moment_or_day(value: object, hour: time) -> datetime:
    """Return a moment, or an hour of a day where no more than a day is written.

    Raise what `read_moment` raises.
    """
    if isinstance(value, str) and (day := dt_util.parse_date(value)):
        value = day
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, hour)
    return read_moment(value)

"""Recordings: listed, opened, and announced after their calls."""

from .library import (
    KEPT,
    YEARS,
    RecordingLibrary,
    async_get_recordings,
    check_period,
    media_content_id,
    new_media_key,
)
from .watcher import (
    PendingRecording,
    RecordingWatcher,
    async_get_recording_watcher,
    async_recording_signal,
    async_remove_recording_watcher,
)

__all__ = [
    "KEPT",
    "YEARS",
    "PendingRecording",
    "RecordingLibrary",
    "RecordingWatcher",
    "async_get_recording_watcher",
    "async_get_recordings",
    "async_recording_signal",
    "async_remove_recording_watcher",
    "check_period",
    "media_content_id",
    "new_media_key",
]

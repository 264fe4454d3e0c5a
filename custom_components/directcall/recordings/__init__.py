"""Recordings: listed, opened, and announced after their calls."""

from .library import KEPT, YEARS, RecordingLibrary, check_period, media_content_id, new_media_key
from .watcher import PendingRecording, RecordingWatcher, async_recording_signal

__all__ = [
    "KEPT",
    "YEARS",
    "PendingRecording",
    "RecordingLibrary",
    "RecordingWatcher",
    "async_recording_signal",
    "check_period",
    "media_content_id",
    "new_media_key",
]

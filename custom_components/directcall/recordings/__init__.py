"""Recordings: listed, opened, and announced after their calls."""

from .library import RecordingLibrary, RecordingListing, media_content_id, new_media_key
from .watcher import PendingRecording, RecordingWatcher, async_recording_signal

__all__ = [
    "PendingRecording",
    "RecordingLibrary",
    "RecordingListing",
    "RecordingWatcher",
    "async_recording_signal",
    "media_content_id",
    "new_media_key",
]

"""Bytes by key, bounded by their size."""

import threading
from collections import OrderedDict
from typing import Final

from pangolin.services.context.runtime import Part

CacheKey = tuple[str, ...]


class MetadataCache:
    """Bytes by key, the least recently used dropped first; thread-safe and bounded by bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._entries: OrderedDict[CacheKey, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> bytes | None:
        """Return the bytes under a key and mark it as recently used."""
        with self._lock:
            data = self._entries.get(key)
            if data is not None:
                self._entries.move_to_end(key)
            return data

    def put(self, key: CacheKey, data: bytes) -> None:
        """Cache bytes, unless they alone would fill half of the cache."""
        if len(data) * 2 > self._max_bytes:
            return
        with self._lock:
            self._size += len(data) - len(self._entries.pop(key, b""))
            self._entries[key] = data
            while self._size > self._max_bytes:
                self._size -= len(self._entries.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def drop(self, key: CacheKey) -> None:
        """Forget a key."""
        with self._lock:
            self._size -= len(self._entries.pop(key, b""))


# The bytes of metadata files, by tenant, warehouse and location.
METADATA: Final = Part(lambda runtime: MetadataCache(runtime.settings.metadata_cache_bytes))

"""What an entry says of itself."""

from typing import NamedTuple

from ._entry import seconds_of


class EntryInfo(NamedTuple):
    """One stored entry; ``size`` in bytes with its header, ``stored_at`` in seconds since 1970.

    Example:
        >>> cache = phasic.CacheManager("cache")
        >>> stored = cache.put("note", "ab" * 32, b"forty-two")
        >>> (entry,) = cache.entries()
        >>> entry.kind, entry.key[:4], entry.size > 9
        ('note', 'abab', True)
    """

    kind: str
    key: str
    size: int
    stored_at: float
    metadata: dict[str, int]

    @property
    def seconds(self) -> float:
        """What computing the payload took, 0 if the entry does not say.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> stored = cache.put_trace("ab" * 32, phasic.models.kingman(3).trace().to_bytes(), seconds=2.0)
            >>> [entry.seconds for entry in cache.entries()]
            [2.0]
        """
        return seconds_of(self.metadata)

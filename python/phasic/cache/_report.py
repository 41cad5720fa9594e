"""One log line for each problem, however often it comes back."""

import logging

logger = logging.getLogger(__name__)

_LIMIT = 1000


class Reporter:
    """Logs a warning the first time that a problem is seen."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @property
    def count(self) -> int:
        """How many problems have been seen."""
        return len(self._seen)

    def __call__(self, problem: str, message: str) -> None:
        """Log ``message`` unless ``problem`` has been reported before."""
        if problem not in self._seen and len(self._seen) < _LIMIT:
            self._seen.add(problem)
            logger.warning("phasic cache: %s", message)

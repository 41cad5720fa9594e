"""One call, one answer."""

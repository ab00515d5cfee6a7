"""Logging while a benchmark runs: made as in production, and thrown away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import Processor


@contextmanager
def quiet_log() -> Iterator[None]:
    """Send log lines nowhere; afterwards logging is as it was."""
    before = structlog.get_config()
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ]
    with open(os.devnull, "w") as nowhere:
        structlog.configure(processors=processors, logger_factory=structlog.PrintLoggerFactory(file=nowhere))
        try:
            yield
        finally:
            structlog.configure(**before)

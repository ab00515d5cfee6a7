"""What the web door counts, in a registry that is passed in."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class WebMetrics:
    """Requests by route and status, their duration, and what became of webhooks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "curatorbot_http_requests", "Requests answered", ("route", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            "curatorbot_http_request_seconds",
            "Time to answer a request",
            ("route",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.webhooks = Counter(
            "curatorbot_webhooks",
            "Webhooks by what became of them: accepted, replayed, forged, malformed, too_large, too_slow, shed",
            ("hook", "outcome"),
            registry=registry,
        )

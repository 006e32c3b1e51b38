"""The app's metrics, for Prometheus and for the page /models."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
STAGES = {
    "decode": "From a request's photos or numbers to what the network takes",
    "queue": "Waiting for other requests",
    "infer": "In the model",
}


class RequestSummary(NamedTuple):
    """Statistics of a model's requests since the start."""

    requests: int
    mean_milliseconds: float | None  # in the model
    within_milliseconds: float | None  # 95th percentile; None: above the last bucket


class ModelCollector:
    """Gauges of the library, read at each scrape."""

    def __init__(self, library) -> None:
        self._library = library

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ("model", "version")
        ops = GaugeMetricFamily("model_graph_ops", "Ops in the graph", labels=labels)
        loaded = GaugeMetricFamily(
            "model_version_loaded", "1; the highest version answers", labels=labels
        )
        broken = GaugeMetricFamily(
            "model_version_broken", "1: its file cannot be served", labels=labels
        )
        for name in self._library.names:
            for served in self._library.loaded(name):  # none, if it was just unloaded
                values = (name, str(served.version))
                ops.add_metric(values, len(served.model.graph.get_operations()))
                loaded.add_metric(values, 1)
        for name, version, _ in self._library.failures():
            broken.add_metric((name, str(version)), 1)
        yield from (ops, loaded, broken)


class GaugeCollector:
    """A gauge, read at each scrape.

    Args:
      text: what it measures.
    """

    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        self._name, self._text, self._read = name, text, read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._text, value=self._read())


class Metrics:
    """One app's metrics; with several workers, `registry` holds those of all."""

    def __init__(self, library) -> None:
        own = CollectorRegistry()
        self.registry = own
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry)
        self._requests = Counter(
            "http_requests",
            "Requests answered",
            ("route", "method", "code"),
            registry=own,
        )
        self._rejected = Counter(
            "photos_rejected",
            "Requests refused because the server was busy",
            ("reason",),
            registry=own,
        )
        self._stages = {
            stage: Histogram(
                f"photo_{stage}_seconds",
                text,
                ("model",),
                buckets=SECONDS,
                registry=own,
            )
            for stage, text in STAGES.items()
        }
        self.registry.register(ModelCollector(library))

    def count(self, app: Flask) -> None:
        """Count each request of the app."""
        app.after_request(self._end)

    def watch(self, in_flight: Callable[[], int]) -> None:
        """Add the gauge of the photos in flight in all workers."""
        text = "Photos that came and are not answered yet"
        self.registry.register(GaugeCollector("photos_in_flight", text, in_flight))

    def watch_reloading(self, age: Callable[[], float]) -> None:
        """Add the gauge of the seconds since this process has looked for models."""
        text = "Seconds since published models were looked for, or one began to load"
        self.registry.register(GaugeCollector("model_reload_age_seconds", text, age))

    def rejected(self, reason: str) -> None:
        self._rejected.labels(reason).inc()

    def refused(self, reason: str) -> None:
        """Count a request that the server refuses before the app sees it."""
        self.rejected(reason)
        code = 503 if reason in ("busy", "bodies") else 504
        self._requests.labels("none", "any", code).inc()

    def answered(self, served, **seconds: float) -> None:
        """Record one answer of a model, with the seconds of each stage."""
        g.model = {"model": served.name, "version": served.version}
        for stage, took in seconds.items():
            self._stages[stage].labels(served.name).observe(took)

    def summary(self, name: str) -> RequestSummary:
        """What the model of that name has answered since the start."""
        mine = [
            sample
            for family in self.registry.collect()
            if family.name == "photo_infer_seconds"
            for sample in family.samples
            if sample.labels["model"] == name
        ]
        totals = {sample.name.rpartition("_")[2]: sample.value for sample in mine}
        count = int(totals.get("count", 0))
        if not count:
            return RequestSummary(0, None, None)
        within = next(
            float(sample.labels["le"])
            for sample in mine
            if "le" in sample.labels and sample.value >= 0.95 * count
        )
        slowest = None if within == float("inf") else within * 1e3
        return RequestSummary(count, totals["sum"] / count * 1e3, slowest)

    def _end(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.url_rule else "any"
        self._requests.labels(route, method, response.status_code).inc()
        return response

"""What a scheduler has seen, as Prometheus reads it: its text format, units in the names."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from monitors.records import (
    IncidentState,
    NoticeStatus,
    Outcome,
    PassRecord,
    Phase,
    QueuedNotice,
)

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MEASURED: Final = (Outcome.HEALTHY, Outcome.FAILED)


class Metrics:
    """Counts passes as they end; safe to use from several threads.

    A probe that was not measured has no `intercheck_probe_healthy`: it is neither.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        place = ("workspace", "operation")
        self._healthy = self._gauge("probe_healthy", "1 where the latest answer is as due", place)
        self._seconds = self._gauge("probe_duration_seconds", "How long it took", place)
        self._ended = self._gauge(
            "pass_end_timestamp_seconds", "When the latest pass ended", ("workspace",)
        )
        self._probes = Counter(
            "intercheck_probes",
            "Probes by what came of them",
            ("workspace", "outcome"),
            registry=self._registry,
        )
        self._requests = Counter(
            "intercheck_requests",
            "Requests to Intercom, with those that confirmed something",
            registry=self._registry,
        )

    def _gauge(self, name: str, documentation: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"intercheck_{name}", documentation, labels, registry=self._registry)

    def take(self, record: PassRecord) -> None:
        """Count a pass that has ended."""
        self._requests.inc(record.requests)
        for one in record.measurements:
            place = (one.workspace, str(one.operation))
            self._probes.labels(one.workspace, one.outcome.value).inc()
            self._ended.labels(one.workspace).set(record.finished_at.timestamp())
            if one.outcome not in _MEASURED:
                self._healthy.remove(*place)
                continue
            self._healthy.labels(*place).set(one.outcome is Outcome.HEALTHY)
            if one.total_ms is not None:
                self._seconds.labels(*place).set(one.total_ms / 1000)

    def render(self, incidents: Iterable[IncidentState], notices: Iterable[QueuedNotice]) -> bytes:
        """Return the page, with how the incidents and the alerts stand now."""
        standing = CollectorRegistry()
        standing.register(_Standing([*_incidents(incidents), *_alerts(notices)]))
        return generate_latest(self._registry) + generate_latest(standing)


class _Standing:
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _incidents(incidents: Iterable[IncidentState]) -> Iterator[Metric]:
    """Count the open incidents that are told of by themselves."""
    family = GaugeMetricFamily(
        "intercheck_incidents_open", "Open incidents", labels=("rule", "severity")
    )
    counted = Tally(
        (one.finding.rule.name, one.severity.value)
        for one in incidents
        if one.phase is Phase.OPEN and not one.parent
    )
    for labels, number in sorted(counted.items()):
        family.add_metric(labels, number)
    yield family


def _alerts(notices: Iterable[QueuedNotice]) -> Iterator[Metric]:
    """Count the alerts that have not arrived."""
    family = GaugeMetricFamily(
        "intercheck_alerts_undelivered",
        "Alerts that have not arrived: pending, or given up as undeliverable",
        labels=("channel", "status"),
    )
    counted = Tally(
        (one.notice.channel, one.status.value)
        for one in notices
        if one.status in (NoticeStatus.PENDING, NoticeStatus.UNDELIVERABLE)
    )
    for labels, number in sorted(counted.items()):
        family.add_metric(labels, number)
    yield family

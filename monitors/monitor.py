"""One pass, end to end: look at every workspace, fold into incidents, record, and deliver."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.errors import HistoryError
from contracts.findings import Finding
from contracts.workspaces import Workspace
from monitors.afflicted import Afflicted
from monitors.alerting.fallback import deliver_all
from monitors.alerting.outbox import Channel, DeliveryReport
from monitors.alerting.sustaining import sustain
from monitors.alerting.telling import Announcer
from monitors.evidence import Look
from monitors.folding import fold_looks
from monitors.grouping import Place, Places, key_of
from monitors.history import History
from monitors.looking import Looker, OnVisit
from monitors.memories import Memories
from monitors.memory import Memory
from monitors.neighbours import CONFIGURATION, Configuration, Neighbours
from monitors.outcomes import measurements_of
from monitors.policies import FAILURE_THRESHOLD, Policy
from monitors.probes import Probe, with_sources
from monitors.promises import Promises
from monitors.records import IncidentState, PassRecord, Phase, Transition
from monitors.responding import notice_deaf_buttons
from monitors.settings import MonitorSettings
from monitors.surroundings import Surroundings

AFFLICTED: Final = "afflicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """What a pass came to. `findings` are all of its causes, those of the census too; of `blips`,
    by fingerprint, no incident tells, and they are for information. `incidents` are those open
    after it, and `known` the fingerprints of findings whose incident was open
    before. `pending` are the incidents that have been seen, and not often enough to be told of:
    usually `threshold` passes in a row."""

    record: PassRecord
    findings: tuple[Finding, ...]
    transitions: tuple[Transition, ...]
    incidents: tuple[IncidentState, ...]
    known: frozenset[str]
    delivery: DeliveryReport
    pending: tuple[IncidentState, ...] = ()
    threshold: int = FAILURE_THRESHOLD
    blips: frozenset[str] = frozenset()


class PassNotRecordedError(HistoryError):
    """The history did not take a pass, so nobody was told; `findings` are what it saw."""

    def __init__(self, reason: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(reason)
        self.findings = findings


class Monitor:
    """Probes workspaces and keeps their incidents; a context manager.

    `channels` are by the name that notices carry; without an `announcer` all of them hear of
    everything. `configured` are all workspaces where `workspaces` are only some of them;
    `configuration` names what configures them, where the history may be another's too. Safe to
    call from several threads, as long as no two passes are over the same workspace.
    """

    def __init__(
        self,
        *,
        workspaces: Sequence[Workspace],
        probes: Sequence[Probe],
        promises: Promises,
        history: History,
        channels: Mapping[str, Channel],
        clock: Clock,
        new_id: Callable[[], str],
        settings: MonitorSettings | None = None,
        on_visit: OnVisit = lambda workspace, visit: None,
        announcer: Announcer | None = None,
        configured: Sequence[Workspace] = (),
        configuration: str = "",
    ) -> None:
        self._workspaces = {workspace.name: workspace for workspace in workspaces}
        self._places = {
            one.name: Place(region=one.region, version=one.version)
            for one in (*configured, *workspaces)
        }
        self._configuration = configuration
        self._probes = tuple(probes)
        self._promises = promises
        self._history = history
        self._channels = channels
        self._clock = clock
        self._new_id = new_id
        self._settings = settings or MonitorSettings()
        self._on_visit = on_visit
        self._announcer = announcer or Announcer.to_all(channels)
        self._clients: dict[str, IntercomClient] = {}
        self._memories = Memories(history)
        self._delivering = threading.Lock()

    def close(self) -> None:
        """Close every connection to Intercom; the history stays open."""
        for client in self._clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run_pass(
        self, names: Sequence[str] | None = None, probes: Sequence[Probe] | None = None
    ) -> PassReport:
        """Probe the workspaces called `names` (all) with `probes` (all), record what was seen
        and what follows, and deliver what there is to tell.

        Raises PassNotRecordedError where it cannot be recorded: then nothing is sent either.
        """
        workspaces = [self._workspaces[name] for name in names or self._workspaces]
        started_at = self._clock.now()
        memories = {
            one.name: self._memories.of(
                one.name, reference=self._promises.of(one.version).reference
            )
            for one in workspaces
        }
        at_a_time = min(len(workspaces), self._settings.workspaces_at_a_time)
        looks: list[Look]
        if at_a_time == 1:
            looks = [self._look(one, memories[one.name], probes) for one in workspaces]
        else:
            with ThreadPoolExecutor(at_a_time) as pool:
                looks = list(
                    pool.map(lambda one: self._look(one, memories[one.name], probes), workspaces)
                )
        return self._conclude(workspaces, looks, memories, started_at)

    def deliver(self) -> DeliveryReport:
        """Deliver what waits in the outbox and is due."""
        with self._delivering:
            report = deliver_all(
                self._history, self._channels, announcer=self._announcer, clock=self._clock
            )
            unheard = sustain(
                self._announcer, self._channels, ledger=self._history, now=self._clock.now()
            )
        return replace(report, errors=(*report.errors, *unheard)) if unheard else report

    def prune(self) -> None:
        """Forget what is older than the retention."""
        self._history.prune(self._clock.now() - self._settings.retention)

    def _look(self, workspace: Workspace, memory: Memory, probes: Sequence[Probe] | None) -> Look:
        looker = Looker(
            workspace=workspace,
            sender=self._client(workspace),
            promise=self._promises.of(workspace.version),
            known={probe.identity: probe for probe in self._probes},
            clock=self._clock,
            reserve=self._settings.rate_reserve,
            most_confirmations=self._settings.confirmation_requests,
            surroundings=Surroundings(
                workspace=workspace, settings=self._settings, clock=self._clock
            ),
            limit=self._settings.maximum_response_time,
            policy=self._settings.policy,
            on_visit=self._on_visit,
        )
        chosen = self._probes if probes is None else probes
        return looker.look(with_sources(chosen, self._probes, pinned=memory.pins), memory)

    def _client(self, workspace: Workspace) -> IntercomClient:
        client = self._clients.get(workspace.name)
        if client is None:
            client = self._clients[workspace.name] = IntercomClient(
                workspace,
                clock=self._clock,
                connect_timeout=self._settings.connect_timeout,
                read_timeout=self._settings.read_timeout,
            )
        return client

    def _conclude(
        self,
        workspaces: Sequence[Workspace],
        looks: Sequence[Look],
        memories: Mapping[str, Memory],
        started_at: datetime,
    ) -> PassReport:
        """Fold, record in one transaction, and only then deliver."""
        now = self._clock.now()
        diagnosed = [one for look in looks for one in look.diagnosed]
        findings = tuple(one.so_far for one in diagnosed)
        record = PassRecord(
            id=self._new_id(),
            started_at=started_at,
            finished_at=now,
            measurements=tuple(
                measurement
                for look, workspace in zip(looks, workspaces, strict=True)
                for measurement in measurements_of(look, workspace)
            ),
            findings=(),
            requests=sum(look.requests for look in looks),
        )
        try:
            known = self._history.incident_states().values()
            wrong = [*findings, *(one.finding for one in known if one.phase is Phase.OPEN)]
            # The page that was asked to tell causes apart is not asked again.
            page = next((look.outlook.page for look in looks if look.outlook.page), None)
            self._announcer.foresee({one.rule.name for one in wrong}, page=page)
            with self._history.transaction():
                memories = {
                    look.workspace: self._memories.brought_up_to_date(
                        memories[look.workspace], (one.exchange for one in look.observations)
                    )
                    for look in looks
                }
                states = self._history.incident_states()
                configurations = self._history.documents(CONFIGURATION)
                afflicted = Afflicted.of(self._history.documents(AFFLICTED))
                folded = fold_looks(
                    looks,
                    states,
                    afflicted,
                    places=self._all_places(configurations, now),
                    policy=self._policy,
                    now=now,
                    new_id=self._new_id,
                )
                learned = {
                    key: document
                    for memory in memories.values()
                    for key, document in memory.changes().items()
                }
                documents = dict(learned)
                documents.update(
                    ((AFFLICTED, key), document) for key, document in afflicted.changes()
                )
                documents.update(
                    ((CONFIGURATION, key), document)
                    for key, document in self._declared(configurations, now)
                )
                after = {**states, **{state.key: state for state in folded.states}}
                is_open = {key for key, one in after.items() if one.phase is Phase.OPEN}
                blips = [
                    one for one in diagnosed if one.is_blip and key_of(one.finding) not in is_open
                ]
                findings = tuple(one.so_far if one in blips else one.finding for one in diagnosed)
                is_news = {name: one.census.is_news for name, one in memories.items()}
                record = replace(
                    record, findings=tuple(one for one in findings if is_news[one.workspace](one))
                )
                announcement = self._announcer.announce(
                    folded.transitions, ledger=self._history, incidents=after.values(), now=now
                )
                documents.update(announcement.documents)
                self._history.record(
                    record,
                    states=folded.states,
                    transitions=folded.transitions,
                    notices=announcement.notices,
                    documents=documents,
                    forgotten=folded.forgotten,
                )
                saved = {name: self._history.saved_about(name) for name in memories}
        except HistoryError as error:
            raise PassNotRecordedError(str(error), findings) from error
        for name, memory in memories.items():
            self._memories.recorded(memory, learned, saved[name])
        notice_deaf_buttons(self._history, announcer=self._announcer, clock=self._clock)
        was_open = {key for key, state in states.items() if state.phase is Phase.OPEN}
        return PassReport(
            record=record,
            findings=findings,
            transitions=folded.transitions,
            incidents=tuple(state for state in after.values() if state.phase is Phase.OPEN),
            known=frozenset(one.fingerprint for one in findings if key_of(one) in was_open),
            delivery=self.deliver(),
            pending=tuple(state for state in after.values() if state.phase is Phase.PENDING),
            threshold=self._settings.failure_threshold,
            blips=frozenset(one.finding.fingerprint for one in blips),
        )

    def _all_places(self, configurations: Mapping[str, Any], now: datetime) -> Places:
        """Return the workspaces of every configuration over this history."""
        own = frozenset(self._announcer.channels)
        others = Neighbours.of(configurations, channels=own, now=now)
        return {**others.places, **self._places} if self._configuration else self._places

    def _declared(
        self, configurations: Mapping[str, Any], now: datetime
    ) -> Iterator[tuple[str, dict[str, object] | None]]:
        if self._configuration:
            yield from Configuration(
                name=self._configuration,
                places=self._places,
                channels=self._announcer.traits(),
            ).changes(configurations, now=now)

    def _policy(self, finding: Finding) -> Policy:
        policy = self._settings.policy(finding.rule, is_partial=finding.is_partial)
        return replace(policy, at_once=True) if finding.rule.is_counted else policy

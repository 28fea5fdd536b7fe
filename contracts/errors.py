"""What intercheck itself cannot do, as exceptions.

Trouble of the API or the network is a value (a finding); these are ours. Every message is one
sentence that says what is wrong, where, and what to do: the front door prints it as it is.
"""


class IntercheckError(Exception):
    """The root of everything intercheck raises on purpose."""


class ConfigurationError(IntercheckError):
    """Wrong usage or configuration; nothing was sent."""


class SpecError(IntercheckError):
    """A description that cannot be used as one."""


class NothingMeasuredError(IntercheckError):
    """Nothing could be asked: no token, no network, no description, no budget."""


class HistoryError(IntercheckError):
    """The history cannot be read or written."""


class ReportError(IntercheckError):
    """A report cannot be written where it should go."""


class NotificationError(IntercheckError):
    """A channel did not take an alert.

    `permanent` says that trying again is pointless (channel gone, token revoked); otherwise
    `retry_after` (seconds) is the channel's own word on when, where it gave one. `ambiguous` says
    that the message may have arrived all the same (a timeout after it was sent);
    `concerns_message` that the channel is fine and refuses this message alone.
    """

    def __init__(
        self,
        channel: str,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
        concerns_message: bool = False,
    ) -> None:
        super().__init__(f"{channel} did not take the alert: {reason}")
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.concerns_message = concerns_message

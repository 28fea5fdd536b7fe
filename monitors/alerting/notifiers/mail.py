"""Mail by SMTP: one thread an incident, by Message-ID and References (RFC 5322)."""

import smtplib
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from contracts.clock import Clock
from contracts.errors import NotificationError
from contracts.workspaces import Secret
from monitors.alerting.events import event_in
from monitors.records import Delivery, Notice, QueuedNotice

TIMEOUT: Final = timedelta(seconds=20)  # servers that greet slowly on purpose take some seconds
MAX_SUBJECT: Final = 200  # characters; what is longer no list of mails shows


class Mail:
    """Sends one mail a notice. `encryption` is `starttls`, `tls` or `none`."""

    has_threads: bool = False
    takes_events: bool = True
    keeps_state: bool = False

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        host: str,
        port: int,
        sender: str,
        to: Sequence[str],
        encryption: str = "starttls",
        username: str = "",
        password: Secret | None = None,
        context: ssl.SSLContext | None = None,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        self._name = name
        self._clock = clock
        self._host, self._port = host, port
        self._sender, self._to = sender, tuple(to)
        self._encryption = encryption
        self._username, self._password = username, password
        self._context = context
        self._timeout = timeout.total_seconds()

    def send(self, queued: QueuedNotice) -> Delivery:
        """Send the mail; NotificationError where the server did not take it for anybody."""
        message = self._message(queued)
        self._do(lambda server: server.send_message(message))
        receipt = (self._name, str(message["Message-ID"]))
        return Delivery(receipt=receipt, at=self._clock.now(), possibly_repeated=queued.ambiguous)

    def check(self) -> str:
        """Log in and send nothing; NotificationError where that fails."""
        self._do(lambda server: server.noop())
        return f"{self._host} lets intercheck in; mails go to {', '.join(self._to)}."

    def _do(self, work: Callable[[smtplib.SMTP], object]) -> None:
        is_in = False
        try:
            with self._connected() as server:
                is_in = True
                work(server)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refused(error.recipients) from None
        except smtplib.SMTPNotSupportedError as error:
            raise self._trouble(str(error), permanent=True) from None
        except smtplib.SMTPResponseException as error:
            raise self._answered(error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise self._trouble(_reason(error), ambiguous=is_in) from None

    def _connected(self) -> smtplib.SMTP:
        context = self._context or ssl.create_default_context()
        if self._encryption == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._encryption == "starttls":
                server.starttls(context=context)
            if self._password is not None:
                server.login(self._username, self._password.reveal())
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, queued: QueuedNotice) -> EmailMessage:
        notice = queued.notice
        domain = self._sender.rpartition("@")[2].rstrip(">")
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(self._to)
        message["Subject"] = _subject(notice)
        message["Date"] = format_datetime(queued.created_at)
        # The same notice has the same id, so that what comes twice can be told to be one.
        name = f"{notice.incident_id}.{notice.sequence}.{notice.form.value}"
        message["Message-ID"] = f"<{name}@{domain}>"
        if queued.parent is not None:
            message["In-Reply-To"] = message["References"] = queued.parent[1]
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office in return
        message.set_content(f"{notice.text}\n\n{event_in(notice).get('details', '')}\n")
        return message

    def _refused(self, refused: dict[str, tuple[int, bytes]]) -> NotificationError:
        codes = sorted({code for code, _ in refused.values()})
        said = ", ".join(map(str, codes))
        return self._trouble(
            f"{len(refused)} of {len(self._to)} recipients were refused ({said})",
            permanent=all(code >= 500 for code in codes),
        )

    def _answered(self, error: smtplib.SMTPResponseException) -> NotificationError:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return self._trouble("it refuses the user name or the password", permanent=True)
        is_final = error.smtp_code >= 500
        return self._trouble(
            f"it answered {error.smtp_code}",
            permanent=is_final,
            concerns_message=is_final and isinstance(error, smtplib.SMTPDataError),
        )

    def _trouble(
        self,
        reason: str,
        *,
        permanent: bool = False,
        ambiguous: bool = False,
        concerns_message: bool = False,
    ) -> NotificationError:
        return NotificationError(
            f"the notifier {self._name} ({self._host})",
            reason,
            permanent=permanent,
            ambiguous=ambiguous,
            concerns_message=concerns_message,
        )


def _subject(notice: Notice) -> str:
    line = " ".join(notice.text.split())
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up"
    return "it cannot be reached"

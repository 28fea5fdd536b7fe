"""Mail, against a server on loopback."""

import asyncio
import email
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from contracts.errors import NotificationError
from contracts.workspaces import Secret
from monitors.alerting.notifiers.mail import Mail
from monitors.records import TransitionKind
from sandbox.clock import VirtualClock
from tests.monitors.alerting.queueing import MakeQueued, MakeTransition, queueing


@pytest.fixture
def queued(transition: MakeTransition) -> MakeQueued:
    return queueing(transition)


class Postbox:
    """What an SMTP server took, or refuses."""

    def __init__(self) -> None:
        self.mails: list[tuple[Any, Message]] = []
        self.refusal = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusal:
            return self.refusal
        self.mails.append((session, email.message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    openssl = shutil.which("openssl")
    assert openssl, "needs openssl"
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(  # noqa: S603
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


class OnAnyPort(Controller):
    """A controller that lets the system choose the port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@dataclass
class MailServer:
    box: Postbox
    port: int
    context: ssl.SSLContext


@pytest.fixture
def smtp(certificate: tuple[Path, Path]) -> Iterator[MailServer]:
    """A submission server: STARTTLS first, then a password."""
    chain, key = certificate
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(chain, key)
    ours = ssl.create_default_context(cafile=str(chain))
    box = Postbox()

    def authenticate(
        server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    controller = OnAnyPort(
        box,
        hostname="127.0.0.1",
        port=0,
        tls_context=theirs,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )
    controller.start()
    yield MailServer(box, controller.port, ours)
    controller.stop()


@pytest.fixture
def mail(smtp: MailServer, clock: VirtualClock) -> Callable[..., Mail]:
    def make(**changes: Any) -> Mail:
        settings: dict[str, Any] = {
            "host": "localhost",
            "port": smtp.port,
            "sender": "intercheck <alerts@corp.example>",
            "to": ["oncall@corp.example", "crm@corp.example"],
            "username": "alerts",
            "password": Secret("right"),
            "context": smtp.context,
        }
        return Mail("mail", clock=clock, **{**settings, **changes})

    return make


def test_the_mails_of_an_incident_are_one_thread_and_say_it_all(
    smtp: MailServer, mail: Callable[..., Mail], queued: MakeQueued
) -> None:
    sender = mail()
    receipt = sender.send(queued()).receipt
    sender.send(queued(TransitionKind.RESOLVED, 2, parent=receipt))
    (session, first), (_, second) = smtp.box.mails
    assert session.ssl is not None, "the connection was encrypted first"
    assert first["Subject"].startswith("CRITICAL in Intercom workspace prod: The field email")
    assert second["Subject"].startswith("RESOLVED after")
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert first["Message-ID"].endswith("@corp.example>")
    assert first["To"] == "oncall@corp.example, crm@corp.example"
    text = first.get_payload(decode=True)
    assert isinstance(text, bytes)
    for part in ("What to do\nStop reading it.", "crm-sync, owned by revops", "expected `string`"):
        assert part in text.decode().replace("\r\n", "\n")
    assert "<!" not in text.decode()


def test_a_mail_server_that_refuses_is_told_apart_by_what_cures_it(
    smtp: MailServer, mail: Callable[..., Mail], queued: MakeQueued
) -> None:
    with pytest.raises(NotificationError, match="user name or the password") as caught:
        mail(password=Secret("wrong-canary")).send(queued())
    assert caught.value.permanent
    assert "canary" not in str(caught.value)
    smtp.box.refusal = "451 come back later"
    with pytest.raises(NotificationError, match="answered 451") as caught:
        mail().send(queued())
    assert not caught.value.permanent
    smtp.box.refusal = "554 this is spam"
    with pytest.raises(NotificationError, match="answered 554") as caught:
        mail().send(queued())
    assert caught.value.concerns_message
    with pytest.raises(NotificationError, match="certificate is not trusted"):
        mail(context=None).send(queued())
    with pytest.raises(NotificationError, match="cannot be reached"):
        mail(port=1).send(queued())
    assert "lets intercheck in" in mail().check()
    assert smtp.box.mails == []

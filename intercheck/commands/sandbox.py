"""`intercheck sandbox`: a local Intercom and a local Slack, until told to stop."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import click

from contracts.errors import ConfigurationError
from intercheck import options
from intercheck.descriptions import open_description
from intercheck.output import Envelope, print_json
from sandbox.clock import RunningClock
from sandbox.intercom import Sandbox
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

PORT: Final = click.IntRange(0, 65_535)


@click.command()
@options.spec
@options.spec_dir
@click.option(
    "--port", type=PORT, default=0, show_default="a free one", help="Port of the Intercom."
)
@click.option(
    "--slack-port", type=PORT, default=0, show_default="a free one", help="Port of the Slack."
)
@click.option("--seed", default=0, show_default=True, help="The same seed, the same answers.")
@click.option(
    "--latency",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="Answer as slowly as Intercom does, or at once.",
)
@options.config
@options.output_format
def command(
    spec: str | None,
    spec_dir: Path | None,
    port: int,
    slack_port: int,
    seed: int,
    latency: str,
    config_path: Path | None,
    output_format: str,
) -> None:
    """Serve a local Intercom and a local Slack on loopback until Ctrl-C or SIGTERM.

    The Intercom answers by the embedded contract (2.11, 2.14, 2.15 and 2.16, as Intercom-Version
    asks) or by the description that --spec names. What it stores is made up and lasts as long as
    it runs. Faults, clock and the requests seen are under /_sandbox/ on either.

    \b
    Examples:
      intercheck sandbox
      intercheck sandbox --spec 2.16 --port 8080 --latency off
      curl -X PUT -d '{"faults": [{"name": "revoked-token"}]}' http://127.0.0.1:8080/_sandbox/faults
    """
    places = options.places_from(config_path)
    description = None
    if spec is not None:
        directory = spec_dir or places.spec_dir
        description = open_description(spec, spec_dir=directory, cache_dir=places.cache_dir)
    clock = RunningClock()
    with ExitStack() as running, stopping() as stop:
        with _port_named(port, "--port"):
            intercom = running.enter_context(
                Sandbox(description, seed=seed, clock=clock, port=port, latency=latency == "on")
            )
        with _port_named(slack_port, "--slack-port"):
            slack = running.enter_context(SlackStandIn(clock=clock, port=slack_port))
        if output_format == "json":
            print_json(Envelope(command="sandbox", extra=_shown(intercom, slack)))
        else:
            _print(intercom, slack)
        sys.stdout.flush()  # whoever waits for the URL reads a pipe
        stop.wait()


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _port_named(port: int, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{option} {port} cannot be listened on ({error.strerror}): choose another, or 0 for a "
            "free one."
        ) from None


def _shown(intercom: Sandbox, slack: SlackStandIn) -> dict[str, object]:
    return {
        "intercom": {"url": intercom.url, "token": intercom.token},
        "slack": {
            "url": slack.url,
            "token": slack.token,
            "app_token": slack.app_token,
            "webhook_url": slack.webhook_url,
            "page_url": slack.page_url,
        },
    }


def _print(intercom: Sandbox, slack: SlackStandIn) -> None:
    click.echo(f"Intercom   {intercom.url}")
    click.echo(f"  token    {intercom.token}")
    click.echo(f"  control  {intercom.url}/_sandbox/faults  (clock, requests, reset)")
    click.echo(f"Slack      {slack.url}")
    click.echo(f"  token    {slack.token}")
    click.echo(f"  app      {slack.app_token}  (SLACK_APP_TOKEN: buttons)")
    click.echo(f"  webhook  {slack.webhook_url}")
    click.echo(f"  channel  {slack.page_url}")
    click.echo("")
    click.echo(f'curl -H "Authorization: Bearer {intercom.token}" {intercom.url}/me')
    click.echo("\nIn another shell, this points `intercheck` at both:")
    for name, value in (
        ("INTERCOM_ACCESS_TOKEN", intercom.token),
        ("INTERCOM_BASE_URL", intercom.url),
        ("SLACK_BOT_TOKEN", slack.token),
        ("SLACK_CHANNEL", DEFAULT_CHANNEL),
        ("SLACK_BASE_URL", slack.url),
    ):
        click.echo(f"export {name}={value}")
    click.echo("")
    click.echo("Ctrl-C stops both; what they stored goes with them.", err=True)

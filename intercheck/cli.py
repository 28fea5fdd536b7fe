"""The front door: finds the command, imports it, and turns our errors into one sentence.

Commands are imported when they are called: `intercheck --help` must not wait for Schemathesis.
"""

import contextlib
import errno
import importlib
import os
import sys
import traceback
from typing import Final

import click

from contracts.errors import IntercheckError
from intercheck import __version__
from intercheck.exits import ExitCode, exit_code_of
from intercheck.stopping import INTERRUPTED, TERMINATED, TerminatedError

COMMANDS: Final = {
    "alerts": "See what an alert says, and whether alerts arrive.",
    "baseline": "What was learned of how the API answers: show it, or forget it.",
    "can-i-upgrade": "Which consumers would notice another version of the API.",
    "contract": "Property tests over a description, safe to point at production.",
    "demo": "The whole job on the embedded sandbox: break it, watch, heal it.",
    "deviations": "Departures accepted on purpose: list, accept, prune.",
    "diff": "What changes for a client from one description to another.",
    "doctor": "Walk from nothing to a working set-up, naming the step that is missing.",
    "explain": "Explain one rule: what it means and what to do.",
    "incidents": "What is wrong, since when, and who has taken it on.",
    "init": "Scaffold a configuration and your own contract: who reads what.",
    "probe": "One pass over the key endpoints, for cron and CI.",
    "replay": "Run the detectors over recorded exchanges (HAR or JSON lines), offline.",
    "report": "Write the report of what the history holds.",
    "rules": "List every rule with its severity and meaning.",
    "sandbox": "Serve a local Intercom and a local Slack on loopback.",
    "serve": "Probe on a schedule until it is told to stop.",
    "silence": "Hold alerts back: add a silence, list them, end one.",
    "spec": "The published descriptions: pull, list, lint, check.",
}

READER_GONE: Final = 141
"""What shells say of a program whose output nobody reads any more (SIGPIPE)."""
_DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"intercheck.commands.{_module(cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `intercheck demo`, then `intercheck doctor`.",
)
@click.version_option(__version__, prog_name="intercheck")
def intercheck() -> None:
    """Hold Intercom's REST API to its contract.

    \b
    Exit codes:  0 clean
                 1 an unaccepted finding at or above --fail-on, or an alert not delivered
                 2 wrong usage, configuration or description
                 3 nothing could be measured (no token, no network, budget spent)
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line `arguments` (default: the process's own) and exit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        result = intercheck.main(args=arguments, prog_name="intercheck", standalone_mode=False)
        sys.stdout.flush()  # what cannot be written has to be known before the exit code is
    except IntercheckError as error:
        return _refuse(str(error), exit_code_of(error), arguments)
    except click.exceptions.Abort as error:
        click.echo("Stopped.", err=True)
        return TERMINATED if isinstance(error.__cause__, TerminatedError) else INTERRUPTED
    except click.ClickException as error:
        if _wants_json(arguments):
            return _refuse(error.format_message(), ExitCode.WRONG_USAGE, arguments)
        error.show()
        return ExitCode.WRONG_USAGE
    except (BrokenPipeError, SystemExit):
        # The reader (head, grep -q) has what it wanted. Click makes SystemExit of that.
        _print_no_more()
        return READER_GONE
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            sentence = (
                f"What there is to say cannot be written ({error.strerror}): make room on the disk "
                "and run again."
            )
            return _refuse(sentence, ExitCode.WRONG_USAGE, arguments)
        if os.environ.get("INTERCHECK_DEBUG"):
            traceback.print_exc()
        sentence = (
            f"This is a defect of intercheck ({type(error).__name__}): please report it, with "
            "what INTERCHECK_DEBUG=1 shows."
        )
        return _refuse(sentence, ExitCode.WRONG_USAGE, arguments)
    return result if isinstance(result, int) else ExitCode.CLEAN


def _module(name: str) -> str:
    return name.replace("-", "_")


def _wants_json(arguments: list[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(one == "--format=json" or (one, two) == ("--format", "json") for one, two in pairs)


def _refuse(sentence: str, code: int, arguments: list[str]) -> int:
    if _wants_json(arguments):
        from intercheck.output import Envelope, print_json

        try:
            print_json(Envelope(command=_command_in(arguments), errors=(sentence,)))
            sys.stdout.flush()
        except OSError:
            _print_no_more()
        else:
            return int(code)
    else:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
    _print_no_more()
    with contextlib.suppress(OSError):
        click.echo(f"intercheck: {sentence}", err=True)
    return int(code)


def _command_in(arguments: list[str]) -> str:
    """Name the command that was called, with that of its group: `spec lint`."""
    words = [word for word in arguments if not word.startswith("-")]
    name = next((word for word in words if word in COMMANDS), "")
    # A command that does not load is no reason to say nothing of why.
    module = sys.modules.get(f"intercheck.commands.{_module(name)}")
    group = getattr(module, "command", None)
    if not isinstance(group, click.Group):
        return name
    below = next(iter(words[words.index(name) + 1 :]), "")
    return f"{name} {below}" if below in group.commands else name


def _print_no_more() -> None:
    """Lead stdout to nowhere: what is left in its buffer would be an error again at the exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

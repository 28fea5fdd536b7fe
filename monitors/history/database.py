"""Open the database of the history, bring it up to date, and say in one sentence what is wrong.

SQLite runs with a write-ahead log (a reader never waits for a pass that is being recorded), a busy
timeout and foreign keys. A transaction that writes takes the write lock when it begins: two
processes can then never both read a state and both write what follows from it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from contracts.errors import ConfigurationError, HistoryError
from monitors.history.schema import HEAD

BUSY_TIMEOUT: Final = 5.0  # seconds; a pass is recorded in milliseconds, so longer is a stuck one
_WRITES: Final = "intercheck_writes"
_LOCK_KEY: Final = 0x1C0417  # any number, as long as nobody else in this database takes it
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_SQLITE_TROUBLE: Final = {
    "SQLITE_BUSY": "is locked by another program: wait for it or stop it, and run again",
    "SQLITE_LOCKED": "is locked by another program: wait for it or stop it, and run again",
    "SQLITE_NOTADB": "is not a database: move it away, and a new one is begun",
    "SQLITE_CORRUPT": "is damaged: restore a copy, or move it away, and a new one is begun",
    "SQLITE_FULL": "cannot be written, the disk is full: free some space and run again",
    "SQLITE_READONLY": "cannot be written: check the permissions of the file and its folder",
    "SQLITE_PERM": "cannot be opened: check the permissions of the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened: check that its folder exists and may be written to",
    "SQLITE_IOERR": "cannot be read or written, the disk reports an error: check the disk",
}
_POSTGRESQL_TROUBLE: Final = {
    "53100": "cannot be written, the server's disk is full: free some space and run again",
    "55P03": "is locked by another program: wait for it or stop it, and run again",
    "42501": "may not be written to by this user: grant it CREATE and write permissions",
    "25006": "is read-only: point the history at a server that takes writes",
}


def connect(url: str) -> Engine:
    """Return an engine for `sqlite:///path` or `postgresql://…`; ConfigurationError otherwise."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            # A server that restarted between two passes must not cost the second one.
            engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
            event.listen(engine, "begin", _begin_postgresql)
            return engine
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        # The address is not repeated: it may hold a password in a place we failed to parse.
        raise ConfigurationError(
            "the history's address cannot be used "
            f"({type(error).__name__}): write sqlite:///path/to/history.sqlite, or "
            "postgresql://user@host/database with `pip install intercheck[postgresql]`."
        ) from None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(
            f"the history cannot be kept at {shown(parsed)}: write "
            "sqlite:///path/to/history.sqlite or postgresql://user@host/database."
        )
    _make_folder(parsed)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def shown(url: URL) -> str:
    """Return where the database is, without a password: a file's path, or the address."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


@contextmanager
def our_trouble(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into a HistoryError of one sentence."""
    try:
        yield
    except SQLAlchemyError as error:
        raise HistoryError(f"the history {shown(engine.url)} {_explain(error)}.") from error


def writing(engine: Engine) -> Engine:
    """Return the same engine, whose transactions take the write lock when they begin."""
    return engine.execution_options(**{_WRITES: True})


def migrate(engine: Engine) -> None:
    """Bring the tables to what this code was written for; HistoryError where that cannot be."""
    with our_trouble(engine):
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with writing(engine).begin() as connection:
            found = _revision(connection)  # again, now that nobody else can be at it
            if found != HEAD:
                _upgrade(connection, found)


def _upgrade(connection: Connection, found: str | None) -> None:
    # Imported here: only the first run after an update needs Alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise HistoryError(
            f"the history {shown(connection.engine.url)} was written by a newer intercheck "
            f"(schema {found}, this one knows {HEAD}): update intercheck, or use another history."
        )
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # Python's sqlite3 begins transactions late and silently; None leaves that to _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # With a write-ahead log FULL is what makes a commit survive a power cut (promise: no lost
    # alert); it costs one fsync a pass.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT:.0f}s'; "
            f"SELECT pg_advisory_xact_lock({_LOCK_KEY})"
        )


def _make_folder(url: URL) -> None:
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"the history {shown(url)} cannot be begun, its folder cannot be made "
            f"({error.strerror}): make it, or name another place."
        ) from error


def _explain(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else None
    # Extended codes carry what they extend as a prefix: SQLITE_CANTOPEN_ISDIR.
    name = getattr(cause, "sqlite_errorname", None) or ""
    for code, said in _SQLITE_TROUBLE.items():
        if name.startswith(code):
            return said
    state = getattr(cause, "sqlstate", None) or ""
    if state in _POSTGRESQL_TROUBLE:
        return _POSTGRESQL_TROUBLE[state]
    if isinstance(error, DBAPIError) and type(cause).__name__ == "OperationalError":
        return "cannot be reached: check that the server runs, the address, user and password"
    # Not the library's message: it may repeat the values of a row.
    kind = type(cause or error).__name__
    return f"refused an operation ({kind}): run again with INTERCHECK_DEBUG=1 and report it"

"""One run at a time in a directory. What stops it is told in words; a killed one is swept up after."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path
from typing import IO

from cds_service.errors import LiverCdsError, ReplayImpossible
from cds_service.replay import extras

LOCK = ".lock"
UNFINISHED = ".unfinished"
GO_ON = "What was done is kept: the same command goes on from there."


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make `out` for its owner only; nobody else works in there meanwhile. Raises ReplayImpossible.

    The operating system lets go of the lock when the process ends, however it ends.
    """
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (out / LOCK).open("wb") as lock:
        if not _locked(lock):
            raise ReplayImpossible(
                f"{out}: another run works in there. Wait for it, or choose another --out."
            )
        for path in out.rglob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)
        yield


@contextmanager
def said_in_words() -> Iterator[None]:
    """A full disk, or a file that may not be read, ends a run with a message. Raises ReplayImpossible."""
    try:
        yield
    except (LiverCdsError, KeyboardInterrupt):
        raise
    except OSError as error:
        raise ReplayImpossible(_in_words(error)) from error
    except Exception as error:
        duckdb = extras.load("duckdb")
        if not isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
            raise
        raise ReplayImpossible(f"{str(error).splitlines()[0]} {GO_ON}") from error


def _in_words(error: OSError) -> str:
    if error.errno == ENOSPC:
        return f"The disk is full. {GO_ON}"
    return f"{error.filename or 'A file'}: {error.strerror or error}. {GO_ON}"


def _locked(lock: IO[bytes]) -> bool:
    """False when another process holds it. A system without such locks is trusted."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # some network file systems know no locks
            return True
    return True

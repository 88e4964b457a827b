"""The lines of a piece, one by one: never more than one line in memory, and no line stops the rest."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from cds_service.replay.inputs import Piece

Stream: TypeAlias = BinaryIO | gzip.GzipFile

LONGEST_LINE = 32 << 20  # bytes; a longer line is a fault, and is passed over without being held
_CHUNK = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

TOO_LONG = "the line is longer than 32 MB"
CUT_OFF = "the file cannot be read beyond here: it is damaged or cut off"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `number`: counted from 1 within the piece. `at`: where it begins, in unpacked bytes.

    `fault`: why there is no content; "" = there is.
    """

    number: int
    at: int
    content: bytes
    fault: str = ""


def lines_of(piece: Piece) -> Iterator[Line]:
    """Every line that begins in the piece, blank ones included. Damage ends it with a line that says so."""
    with ExitStack() as stack:
        stream, at = _opened(piece, stack)
        number = 0
        while piece.file.gzipped or at < piece.end:
            number += 1
            try:
                content, length = _next(stream)
            except (EOFError, OSError, zlib.error):
                yield Line(number, at, b"", CUT_OFF)
                return
            if not length:
                return
            content = content.removeprefix(BYTE_ORDER_MARK) if at == 0 else content
            yield Line(number, at, content.strip(), "" if length <= LONGEST_LINE else TOO_LONG)
            at += length


def _opened(piece: Piece, stack: ExitStack) -> tuple[Stream, int]:
    """The stream at the first line that begins in the piece, and where that is."""
    raw = stack.enter_context(piece.file.path.open("rb", buffering=_CHUNK))
    if piece.file.gzipped:
        return stack.enter_context(gzip.GzipFile(fileobj=raw)), 0
    if piece.start == 0:
        return raw, 0
    raw.seek(piece.start - 1)  # the line before may end right there
    _, length = _next(raw)
    return raw, piece.start - 1 + length


def _next(stream: Stream) -> tuple[bytes, int]:
    """The next line and its length in bytes with its end; of a line that is too long, only the length."""
    content = stream.readline(LONGEST_LINE + 1)
    length = len(content)
    if length <= LONGEST_LINE:
        return content, length
    while not content.endswith(b"\n"):
        content = stream.readline(_CHUNK)
        length += len(content)
        if not content:
            break
    return b"", length

"""Sheets of a chart review, read back as any spreadsheet saves them: separator, encoding, capitals."""

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cds_service.errors import ReplayImpossible


def lines_of_sheet(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The lines that name a case. Raises ReplayImpossible."""
    try:
        text = _text(path.read_bytes())
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text)))
    except OSError as error:
        raise ReplayImpossible(f"{path}: cannot be read. Draw a sample first with --sample.") from error
    except csv.Error as error:
        raise ReplayImpossible(f"{path}: is no CSV file ({error}).") from error
    heading, *rows = rows or [[]]
    names = [name.strip().lower().replace(" ", "_") for name in heading]
    missing = [name for name in needed if name not in names]
    if missing:
        raise ReplayImpossible(f"{path}: the column {missing[0]} is missing.")
    lines = [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in rows]
    return [line for line in lines if line.get("case")]


def _separator(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _text(content: bytes) -> str:
    """UTF-8, UTF-16 by its mark, else as Windows writes it: comments are not read, and the rest is ASCII."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")

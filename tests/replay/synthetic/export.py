"""Writing an export: by type into many small or few huge files, plain or gzipped, with real ones' mess."""

import gzip
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from cds_service.vignettes.case import Case
from cds_service.vignettes.reading import read_cases
from tests.replay.synthetic.patients import Known, make

CASES = Path(__file__).parents[2] / "vignettes"
SERVER = "https://ehr.example/fhir"
BAD_LINES = (
    b'{"resourceType":"Condition","id":"cut-off","subject":{"refer',
    b"null",
    b"[]",
    b"<html><body>502 Bad Gateway</body></html>",
    b'{"id":"no-type","subject":{"reference":"Patient/nobody"}}',
    b'{"resourceType":"Condition","id":"not-utf8-\xff"}',
    b'{"resourceType":"Observation","valueQuantity":{"value":NaN}}',
)
NO_PATIENT = (
    b'{"resourceType":"Condition","id":"of-a-group","subject":{"reference":"Group/7"}}',
    b'{"resourceType":"DiagnosticReport","id":"of-nobody","status":"final"}',
    b'{"resourceType":"ServiceRequest","id":"by-identifier","subject":{"identifier":{"value":"1"}}}',
)


@dataclass(slots=True)
class Written:
    """What was put into the export, beside the known answers of its orders."""

    known: list[Known] = field(default_factory=list)
    patients: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[str, int]] = field(default_factory=list)  # file and line
    no_patient: int = 0
    copies: int = 0


@dataclass(slots=True)
class Shape:
    """How the export is cut into files. `lines`: of one file at most. `packed`: share of gzipped ones."""

    lines: int = 200_000
    packed: float = 0.5
    noise: int = 8
    mess: float = 0.002  # bad lines, and resources of nobody, per line
    twice: float = 0.02  # resources that come again


class _Files:
    """One open file per type, and the next one when it is full."""

    def __init__(self, folder: Path, shape: Shape, chance: random.Random, stack: ExitStack) -> None:
        self.folder, self.shape, self.chance, self.stack = folder, shape, chance, stack
        self.open: dict[str, tuple[IO[bytes], str, int]] = {}
        self.count: Counter[str] = Counter()

    def write(self, kind: str, line: bytes) -> tuple[str, int]:
        """Where it was written: file and line."""
        stream, name, lines = self.open.get(kind) or self._next(kind)
        if lines >= self.shape.lines:
            stream.close()
            stream, name, lines = self._next(kind)
        stream.write(line + (b"\r\n" if self.chance.random() < 0.01 else b"\n"))
        self.open[kind] = stream, name, lines + 1
        return name, lines + 1

    def _next(self, kind: str) -> tuple[IO[bytes], str, int]:
        number = self.count[kind]
        self.count[kind] += 1
        packed = self.chance.random() < self.shape.packed
        path = self.folder / f"{kind}.{number:03d}.ndjson{'.gz' if packed else ''}"
        opened: Any = gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) if packed else path.open("wb")
        stream: IO[bytes] = self.stack.enter_context(opened)
        if number == 0:
            stream.write(b"\xef\xbb\xbf")
        return stream, path.name, 0


def write_export(folder: Path, patients: int, seed: int, shape: Shape | None = None) -> Written:
    """An export of so many patients. The same seed gives the same bytes."""
    shape = shape or Shape()
    chance = random.Random(seed)  # noqa: S311 - a die that falls the same way again
    folder.mkdir(parents=True, exist_ok=True)
    written = Written(patients=patients)
    with ExitStack() as stack:
        files = _Files(folder, shape, chance, stack)
        for kind, line in _lines(patients, usable_cases(), shape, chance, written):
            _put(files, kind, line, shape, chance, written)
    _error_file(folder, patients, chance)
    return written


def usable_cases() -> tuple[Case, ...]:
    """Vignettes that can stand in an export: no gaps in the chart, one draft alone."""
    cases = read_cases(CASES)
    return tuple(case for case in cases if not (case.missing or case.also_drafted or case.expect.refused))


def _lines(
    patients: int, cases: tuple[Case, ...], shape: Shape, chance: random.Random, written: Written
) -> Iterator[tuple[str, bytes]]:
    for number in range(patients):
        made = make(number, cases, chance, shape.noise)
        written.known += made.known
        for resource in made.resources:
            yield resource["resourceType"], _spelt(resource, chance)
        yield from made.lines


def _spelt(resource: dict[str, Any], chance: random.Random) -> bytes:
    """References as EHRs write them: relative, absolute, versioned."""
    line = orjson.dumps(resource)
    way = chance.random()
    if way < 0.1:
        return line.replace(b'"reference":"Patient/', f'"reference":"{SERVER}/Patient/'.encode())
    if way < 0.15 and resource["resourceType"] != "Patient":
        who = resource.get("subject", resource.get("patient", {})).get("reference", "")
        return line.replace(f'"{who}"'.encode(), f'"{who}/_history/3"'.encode()) if who else line
    return line


def _put(
    files: _Files, kind: str, line: bytes, shape: Shape, chance: random.Random, written: Written
) -> None:
    files.write(kind, line)
    written.resources[kind] += 1
    if chance.random() < shape.twice:
        files.write(kind, line)
        written.resources[kind] += 1
        written.copies += 1
    if chance.random() < shape.mess:
        written.bad.append(files.write(kind, chance.choice(BAD_LINES)))
    if chance.random() < shape.mess:
        nobody = chance.choice(NO_PATIENT)
        files.write(kind, nobody)
        written.no_patient += 1
    if chance.random() < shape.mess:
        files.write(kind, b"")


def _error_file(folder: Path, patients: int, chance: random.Random) -> None:
    """What a server says of resources that it could not export."""
    issue = {"severity": "error", "code": "not-found", "diagnostics": "Binary could not be read"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    lines = b"\n".join([orjson.dumps(outcome)] * max(1, patients // 1000))
    (folder / "errors.ndjson").write_bytes(lines)
    (folder / "README.txt").write_text(f"exported {chance.random()}", encoding="utf-8")

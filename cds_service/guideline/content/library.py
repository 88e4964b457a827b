"""The library: all guideline content, read strictly and checked across files before anything uses it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as Directory
from typing import TypeVar

from pydantic import ValidationError

from cards.vocabulary import Coding
from cds_service.errors import ContentFaulty
from cds_service.guideline.content.caution_checks import cautions_findings
from cds_service.guideline.content.caution_schema import Caution, CautionsFile
from cds_service.guideline.content.checks import (
    Finding,
    concepts_findings,
    override_reasons_findings,
    procedures_findings,
)
from cds_service.guideline.content.faults import shape_faults
from cds_service.guideline.content.schema import (
    Concept,
    ConceptsFile,
    Content,
    Context,
    EarlierRadiation,
    EarlierStudy,
    LevelRange,
    OverrideReasonsFile,
    Procedure,
    ProceduresFile,
)
from cds_service.guideline.content.strict_yaml import Document, Fault, read
from cds_service.guideline.content.topic_checks import Names, topic_findings
from cds_service.guideline.content.topic_schema import GuidelineTopic

SHIPPED = Directory(__file__).parents[2] / "guidelines"

_CONCEPTS = "concepts.yaml"
_PROCEDURES = "procedures.yaml"
_CAUTIONS = "cautions.yaml"
_OVERRIDE_REASONS = "override-reasons.yaml"
_TOPICS = "topics/"
_SUFFIXES = (".yaml", ".yml")

ContentFile = TypeVar("ContentFile", bound=Content)


@dataclass(frozen=True, slots=True)
class Library:
    """All guideline content. `topics` leaves out what is retired; `revision` names this very content."""

    concepts: Mapping[str, Concept]
    context: Context
    procedures: Mapping[str, Procedure]
    earlier_studies: tuple[EarlierStudy, ...]
    earlier_radiation: tuple[EarlierRadiation, ...]
    radiation_scale: Mapping[str, LevelRange]
    override_reasons: tuple[Coding, ...]
    cautions: Mapping[str, Caution]  # by code; what stands first is said first
    topics: Mapping[str, GuidelineTopic]
    revision: str  # first 16 hexadecimal digits of a SHA-256 over every file's name and bytes


def load(directory: Directory | None = None, *, require_reviewed: bool = False) -> Library:
    """The content of a directory (default: what ships). Raises ContentFaulty on any fault.

    `require_reviewed`: a topic that is not active is a fault as well (retired ones are left out).
    """
    library, faults = _read(directory or SHIPPED)
    if library is None:
        raise ContentFaulty([str(fault) for fault in faults])
    unreviewed = [t.id for t in library.topics.values() if t.status != "active"]
    if require_reviewed and unreviewed:
        message = "status: the topic is unreviewed and only reviewed ones are served here, have it reviewed"
        raise ContentFaulty([f"{_TOPICS}{topic}.yaml: {message}" for topic in unreviewed])
    return library


def check(directory: Directory | None = None) -> tuple[str, ...]:
    """One line per fault, `file:line: path: what is wrong, what to do`; empty when there is none."""
    return tuple(str(fault) for fault in _read(directory or SHIPPED)[1])


@dataclass(frozen=True, slots=True)
class _Shared:
    """The files that all topics share."""

    concepts: ConceptsFile
    procedures: ProceduresFile
    cautions: CautionsFile
    reasons: OverrideReasonsFile


class _Files:
    """The files of one directory while they are read: documents by name, faults as they turn up."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.faults: list[Fault] = []
        self.contents = contents
        self._documents: dict[str, Document] = {}

    def model(self, file: str, kind: type[ContentFile]) -> ContentFile | None:
        """The file as its model, or None with the reasons noted."""
        document = self._document(file)
        if document is None:
            return None
        try:
            return kind.model_validate(document.data)
        except ValidationError as error:
            self.faults.extend(shape_faults(document, error))
            return None

    def note(self, file: str, findings: Iterable[Finding]) -> None:
        """Findings of a check, each with the line it is about."""
        document = self._documents[file]
        self.faults.extend(Fault(file, document.line(path), path, message) for path, message in findings)

    def _document(self, file: str) -> Document | None:
        if file not in self.contents:
            self.faults.append(Fault(file, 0, (), "the file is missing, add it"))
            return None
        try:
            text = self.contents[file].decode()
        except UnicodeDecodeError:
            self.faults.append(Fault(file, 0, (), "the file is not UTF-8, save it as UTF-8"))
            return None
        document, faults = read(file, text)
        self.faults.extend(faults)
        if document is None or faults:
            return None
        self._documents[file] = document
        return document


def _read(directory: Directory) -> tuple[Library | None, tuple[Fault, ...]]:
    """The library and every fault; no library if there is one."""
    contents, faults = _contents(directory)
    if faults:
        return None, faults
    files = _Files(contents)
    files.faults.extend(_stray_faults(contents))
    concepts = files.model(_CONCEPTS, ConceptsFile)
    procedures = files.model(_PROCEDURES, ProceduresFile)
    cautions = files.model(_CAUTIONS, CautionsFile)
    reasons = files.model(_OVERRIDE_REASONS, OverrideReasonsFile)
    topics = {name: files.model(name, GuidelineTopic) for name in _topic_files(contents)}
    if (
        concepts is None
        or procedures is None
        or cautions is None
        or reasons is None
        or None in topics.values()
    ):
        return None, _in_order(files.faults)
    read_topics = {name: topic for name, topic in topics.items() if topic is not None}
    shared = _Shared(concepts, procedures, cautions, reasons)
    _check_across(files, shared, read_topics)
    if files.faults:
        return None, _in_order(files.faults)
    return _library(shared, read_topics.values(), _revision(contents)), ()


def _contents(directory: Directory) -> tuple[Mapping[str, bytes], tuple[Fault, ...]]:
    """Every YAML file below the directory by its relative name, in the names' order."""
    try:
        paths = sorted(path for path in directory.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
        found = {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}
    except OSError as error:
        return {}, (Fault(str(error.filename or directory), 0, (), f"cannot be read: {error.strerror}"),)
    if found:
        return found, ()
    return {}, (Fault(str(directory), 0, (), f"holds no content, name the directory with {_CONCEPTS}"),)


def _topic_files(contents: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in contents if _is_topic(name))


def _is_topic(name: str) -> bool:
    return name.startswith(_TOPICS) and name.count("/") == 1 and name.endswith(".yaml")


def _stray_faults(contents: Iterable[str]) -> Iterator[Fault]:
    """Files that nobody would read: a misspelt name must not pass for absent content."""
    known = (_CONCEPTS, _PROCEDURES, _CAUTIONS, _OVERRIDE_REASONS)
    for name in contents:
        if name not in known and not _is_topic(name):
            expected = f"{', '.join(known)} or {_TOPICS}<id>.yaml"
            yield Fault(name, 0, (), f"is not read, call it {expected} or remove it")
    if not _topic_files(contents):
        yield Fault(_TOPICS, 0, (), "holds no topic, add one as <id>.yaml")


def _check_across(files: _Files, shared: _Shared, topics: Mapping[str, GuidelineTopic]) -> None:
    catalogue = shared.procedures
    files.note(_CONCEPTS, concepts_findings(shared.concepts))
    files.note(_PROCEDURES, procedures_findings(catalogue))
    files.note(_CAUTIONS, cautions_findings(shared.cautions, catalogue.procedures))
    files.note(_OVERRIDE_REASONS, override_reasons_findings(shared.reasons))
    names = Names(shared.concepts.concepts, catalogue.procedures, catalogue.radiation_scale)
    for file, topic in topics.items():
        if file != f"{_TOPICS}{topic.id}.yaml":
            files.note(file, [(("id",), f"is not the file's name, call the file {topic.id}.yaml")])
        files.note(file, topic_findings(topic, names))


def _library(shared: _Shared, topics: Iterable[GuidelineTopic], revision: str) -> Library:
    procedures = shared.procedures
    return Library(
        concepts=shared.concepts.concepts,
        context=shared.concepts.context,
        procedures=procedures.procedures,
        earlier_studies=procedures.earlier_studies,
        earlier_radiation=procedures.earlier_radiation,
        radiation_scale=procedures.radiation_scale,
        override_reasons=tuple(Coding(r.system, r.code, r.display) for r in shared.reasons.reasons),
        cautions=shared.cautions.cautions,
        topics={topic.id: topic for topic in topics if topic.status != "retired"},
        revision=revision,
    )


def _revision(contents: Mapping[str, bytes]) -> str:
    """A hash of the content. Comments count: they too are what was reviewed."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            digest.update(len(part).to_bytes(8, "big"))  # so that no two divisions into files look alike
            digest.update(part)
    return digest.hexdigest()[:16]


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.file, fault.line)))

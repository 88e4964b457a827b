"""Reading vignettes: as strictly as guideline content, with the line of everything that is wrong."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cds_service.errors import ContentFaulty
from cds_service.guideline.content.faults import shape_faults
from cds_service.guideline.content.strict_yaml import Document, Fault, read
from cds_service.vignettes.case import Case

CASES = "cases"
UNLESS_STATED = "unless-stated"
FACTS = "facts"
MEMBERS = frozenset((CASES, UNLESS_STATED))


def read_cases(directory: Path) -> tuple[Case, ...]:
    """Every case of the directory's YAML files, in the files' order. Raises ContentFaulty.

    No case at all is a fault too: a misspelt directory must not pass for one without differences.
    """
    cases: list[Case] = []
    faults: list[Fault] = []
    for path in sorted(directory.glob("*.yaml")):
        document, unreadable = read(path.name, path.read_text(encoding="utf-8"))
        faults.extend(unreadable)
        if document is not None and not unreadable:
            found, wrong = _cases_in(document)
            cases.extend(found)
            faults.extend(wrong)
    faults.extend(_twice(cases))
    if not cases and not faults:
        faults.append(Fault(str(directory), 0, (), "holds no vignettes, name the directory that does"))
    if faults:
        raise ContentFaulty([str(fault) for fault in faults])
    return tuple(cases)


def _cases_in(document: Document) -> tuple[list[Case], list[Fault]]:
    data = document.data if isinstance(document.data, Mapping) else {}
    stated_cases = data.get(CASES)
    if not isinstance(stated_cases, tuple):
        return [], [Fault(document.file, 0, (CASES,), "is missing, add the list of cases")]
    strays = [name for name in data if name not in MEMBERS]
    faults = [Fault(document.file, document.line((n,)), (n,), "unknown key, remove it") for n in strays]
    cases = []
    for number, stated in enumerate(stated_cases):
        try:
            cases.append(Case.model_validate(_whole(data.get(UNLESS_STATED), stated)))
        except ValidationError as error:
            faults.extend(_placed(document, number, error))
    return cases, faults


def _whole(common: Any, stated: Any) -> Any:
    """The case with what it leaves unsaid; `facts` name by name, every other member as a whole."""
    if not isinstance(common, Mapping) or not isinstance(stated, Mapping):
        return stated
    facts = {**(common.get(FACTS) or {}), **(stated.get(FACTS) or {})}
    return {**common, **stated, FACTS: facts}


def _placed(document: Document, number: int, error: ValidationError) -> Iterable[Fault]:
    """The faults with their place in the file rather than in the merged case."""
    for fault in shape_faults(document, error):
        path = (CASES, number, *fault.path)
        yield Fault(fault.file, document.line(path), path, fault.message)


def _twice(cases: Iterable[Case]) -> Iterable[Fault]:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            yield Fault(case.name, 0, ("name",), "two vignettes have this name, rename one")
        seen.add(case.name)

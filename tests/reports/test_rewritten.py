"""The same report in another outward form: nothing that harms may be read from it.

A rewriting may cost a reading (a heading that is no longer recognised), never turn it around.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.fhir.narrative import read_report
from tests.reports.labels import Labelled, dangers, labels_of, load

HISTORY = "CLINICAL HISTORY: 67-year-old with known 3 cm liver metastasis, rule out HCC.\n\n"
OTHERS = "\nThe spleen measures 12.4 cm. Left kidney: 2.3 cm simple cyst. Aorta 2.1 cm.\n"
WIDTH = 58


def wrapped(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        filled = ""
        for word in line.split():
            if len(filled) + len(word) > WIDTH:
                lines.append(filled)
                filled = word
            else:
                filled = f"{filled} {word}".strip()
        lines.append(filled)
    return "\n".join(lines)


FORMS: dict[str, Callable[[str], str]] = {
    "in capitals": str.upper,
    "without capitals": str.lower,
    "with decimal commas": lambda text: re.sub(r"(\d)\.(\d)", r"\1,\2", text),
    "on one line": lambda text: re.sub(r"\s*\n\s*", " ", text),
    "wrapped": wrapped,
    "a sentence per line": lambda text: re.sub(r"(?<=[a-z]{3}\.) +(?=[A-Z])", "\n", text),
    "with other organs at the end": lambda text: text.rstrip() + OTHERS,
    "with a history at the front": lambda text: HISTORY + text,
    "with the line ends of other systems": lambda text: text.replace("\n", "\r\n"),
    "with double spacing": lambda text: text.replace(". ", ".  ").replace("\n", "\n\n"),
    "with no blanks in lengths": lambda text: (
        text.replace(" x ", "×").replace(" cm", "cm").replace(" mm", "mm")
    ),
    "with hard blanks": lambda text: re.sub(r"(\d) (cm|mm)", "\\1\u00a0\\2", text),
}
REPORTS = load(Path(__file__).parent)


def rewritten(report: Labelled, form: str) -> list[str]:
    read = labels_of(read_report(FORMS[form](report.text), report.title))
    return [f"{report.id} {form}: {danger}" for danger in dangers(report.labels, read)]


@pytest.mark.parametrize("form", FORMS)
def test_another_form_is_not_read_dangerously(form: str) -> None:
    # Every form meets a third of the reports, each report a third of the forms.
    turn = list(FORMS).index(form) % 3
    assert [found for report in REPORTS[turn::3] for found in rewritten(report, form)] == []

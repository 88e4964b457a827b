"""The labelled reports: how a label is written, and how a reading is held against it."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cds_service.fhir.narrative import Reading, read_report, report_text
from cds_service.guideline.chart import Interval

FIELDS = ("lesion", "size", "study", "limited", "perfusion", "conclusion")
_KEYS = {"id", "title", "text", "html", "rtf", *FIELDS}
_TYPES = {"text": "text/plain", "html": "text/html; charset=utf-8", "rtf": "application/rtf"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One report with its labels, each written as the label files write it."""

    id: str
    title: str
    text: str
    labels: dict[str, Any]

    def read(self) -> Reading:
        return read_report(self.text, self.title)


def load(directory: Path) -> list[Labelled]:
    """Every labelled report below the directory, by file name."""
    found = []
    for path in sorted(directory.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            unknown = set(entry) - _KEYS
            assert not unknown, f"{path.name}: {entry['id']}: unknown {unknown}"
            found.append(_labelled(entry))
    return found


def _labelled(entry: dict[str, Any]) -> Labelled:
    kind = next(kind for kind in _TYPES if kind in entry)
    data = base64.b64encode(entry[kind].encode()).decode()
    text = report_text({"presentedForm": [{"contentType": _TYPES[kind], "data": data}]})
    labels = {"lesion": entry.get("lesion"), "size": entry.get("size"), "study": entry.get("study"),
              "limited": entry.get("limited", False), "perfusion": entry.get("perfusion", False),
              "conclusion": entry.get("conclusion")}  # fmt: skip
    return Labelled(entry["id"], entry.get("title", ""), text, labels)


def labels_of(reading: Reading) -> dict[str, Any]:
    """A reading in the terms of the labels."""
    return {
        "lesion": reading.lesion,
        "size": interval_label(reading.size),
        "study": study_label(reading),
        "limited": bool(reading.limited),
        "perfusion": bool(reading.perfusion_anomaly),
        "conclusion": reading.conclusion,
    }


def interval_label(size: Interval | None) -> float | str | None:
    """An interval as the label files write it: 8, "<10", ">=12", "8-9"."""
    if size is None or size.unbounded:
        return None
    if size.value is not None:
        return size.value
    if math.isinf(size.low):
        return f"<{'=' * size.high_included}{size.high:g}"
    if math.isinf(size.high):
        return f">{'=' * size.low_included}{size.low:g}"
    return f"{size.low:g}-{size.high:g}"


def study_label(reading: Reading) -> frozenset[str] | None:
    """Modality, contrast and phase as a set of words: their order in a label does not matter."""
    study = reading.study
    if study is None:
        return None
    return frozenset(word for word in (study.modality, study.contrast, study.phase) if word)


def agrees(name: str, label: Any, read: Any) -> bool:
    """Whether a field was read as it is labelled."""
    if name == "study":
        return bool(read == (frozenset(label.split()) if label else None))
    return bool(label == read)


def side(label: float | str | None) -> str:
    """ "under", "over" or "open": on which side of 1 cm a size label lies."""
    if label is None:
        return "open"
    if isinstance(label, str) and label[0] in "<>":
        number = float(label.lstrip("<=>"))
        if label.startswith("<"):
            return "under" if number < 10 or (number == 10 and "=" not in label) else "open"
        return "over" if number > 10 or (number == 10 and "=" not in label) else "open"
    low, high = (
        (float(part) for part in str(label).split("-")) if "-" in str(label) else (float(label), float(label))
    )
    return "under" if high < 10 else "over" if low > 10 else "open"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How the reader does on a set of labelled reports."""

    reports: int
    right: dict[str, int]
    wrong: tuple[str, ...]  # one line per report with an error
    dangerous: tuple[str, ...]

    def lines(self) -> list[str]:
        """The figures, one line per field."""
        shares = [f"{name:<11}{self.right[name] / self.reports:7.1%}" for name in FIELDS]
        return [f"{self.reports} labelled reports", *shares, f"dangerous  {len(self.dangerous):>6}"]


def accuracy(reports: Sequence[Labelled]) -> Accuracy:
    """Read them all and count."""
    right = dict.fromkeys(FIELDS, 0)
    wrong, dangerous = [], []
    for report in reports:
        read = labels_of(report.read())
        misses = [name for name in FIELDS if not agrees(name, report.labels[name], read[name])]
        for name in FIELDS:
            right[name] += name not in misses
        if misses:
            told = "; ".join(f"{name}: {read[name]} for {report.labels[name]}" for name in misses)
            wrong.append(f"{report.id}: {told}")
        dangerous += [f"{report.id}: {danger}" for danger in dangers(report.labels, read)]
    return Accuracy(len(reports), right, tuple(wrong), tuple(dangerous))


def dangers(labels: dict[str, Any], read: dict[str, Any]) -> list[str]:
    """The errors that may harm: a wrong side of 1 cm, a lesion where none is, characterized where not."""
    found = []
    if side(read["size"]) not in ("open", side(labels["size"])):
        found.append(f"size {read['size']} for {labels['size']}")
    if read["lesion"] in ("indeterminate", "characterized") and labels["lesion"] in (None, "none"):
        found.append(f"lesion {read['lesion']} for {labels['lesion']}")
    if read["lesion"] == "characterized" and labels["lesion"] != "characterized":
        found.append(f"characterized for {labels['lesion']}")
    return found

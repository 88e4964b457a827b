"""The page: one HTML file that holds its pictures and style and fetches nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.replay.report.drawing import FEW, count, counted, percent
from cds_service.replay.report.findings import findings, firing_line, tiles
from cds_service.replay.report.pictures import pictures
from cds_service.replay.report.quality import public_name
from cds_service.replay.report.tables import tables
from cds_service.replay.report.words import Words
from cds_service.replay.staging import write_whole

REPORT = "report.html"
FILES_SHOWN = 100
CONTENTS = (
    ("summary", "In short"),
    ("coverage", "Coverage"),
    ("verdicts", "Verdicts"),
    ("firing", "Firing"),
    ("asks", "Questions"),
    ("flows", "Suggested and done"),
    ("equity", "Equity"),
    ("compared", "Other content"),
    ("validation", "Chart review"),
    ("as-of", "Later data"),
    ("quality", "The export"),
    ("limits", "How to read this"),
    ("manifest", "Basis"),
)


def write_page(
    path: Path,
    topic: GuidelineTopic,
    words: Words,
    numbers: Mapping[str, Any],
    manifest: Mapping[str, Any],
    quality: Mapping[str, Any] | None,
    smallest: int,
) -> None:
    """Render the report. `quality`: None where there was no export: records of a silent phase."""
    environment = Environment(
        loader=PackageLoader("cds_service.replay.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    left_out = {
        "quality": quality,
        "as-of": quality,
        "compared": numbers["compared"],
        "validation": numbers["review"],
    }
    contents = [one for one in CONTENTS if left_out.get(one[0], True)]
    css = environment.get_template("report.css").render()
    page = environment.get_template("report.html").render(
        topic=topic,
        unreviewed=topic.status == "unreviewed",
        css=css,
        words=words,
        n=numbers,
        pictures=pictures(numbers, words),
        contents=contents,
        tables=tables(numbers, words),
        tiles=tiles(numbers),
        findings=findings(numbers, words, with_later=quality is not None),
        firing_line=firing_line(numbers),
        files=_files(manifest),
        quality=quality,
        manifest=manifest,
        rests_on=_rests_on(manifest),
        smallest=smallest,
        few=FEW,
        undetermined=sum(r["orders"] for r in numbers["by_procedure"] if r["outcome"] == "undetermined"),
        count=count,
        counted=counted,
        percent=percent,
    )
    write_whole(path, page.encode())


def _files(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """The first input files; run.json has them all."""
    files = manifest.get("files", [])
    numbers = {file["name"]: file["number"] for file in files}
    return [
        {
            "name": public_name(file["name"], numbers),
            "bytes": count(file["bytes"]),
            "sha256": file["sha256"],
        }
        for file in files[:FILES_SHOWN]
    ]


def _hash_of(files: Sequence[Mapping[str, Any]]) -> str:
    """One hash over those of all files."""
    return hashlib.sha256("".join(file["sha256"] for file in files).encode()).hexdigest()


def _rests_on(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The run's manifest, as far as equal runs share it; the rest is in run.json."""
    files = manifest.get("files", [])
    return [
        ("Content revision", str(manifest["revision"])),
        *(
            [("Compared with revision", str(manifest["compared_with"]))]
            if manifest.get("compared_with")
            else []
        ),
        ("Version of the service", str(manifest["version"])),
        ("Hash of its code", str(manifest["code"])),
        *([("Export taken at", str(manifest["taken_at"]))] if manifest.get("taken_at") else []),
        *([("Input", f"{count(len(files))} files, {_hash_of(files)}")] if files else []),
        *(
            (f"{name.replace('_', ' ').capitalize()}", str(value))
            for name, value in manifest["settings"].items()
        ),
        ("Packages", ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())),
    ]

"""The page: one HTML file that holds its pictures and style and fetches nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.replay.inputs import CHART_TYPES
from cds_service.replay.report.drawing import count, orders, percent
from cds_service.replay.report.pictures import pictures
from cds_service.replay.report.words import Words
from cds_service.replay.shards import ShardCounts
from cds_service.replay.staging import PieceCounts, write_whole
from cds_service.replay.unreadable import faults_of

REPORT = "report.html"
FAULTS_SHOWN = 50
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
    ("as-of", "As of then"),
    ("quality", "The export"),
    ("limits", "How to read this"),
    ("manifest", "Rests on"),
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
        tiles=_tiles(numbers),
        findings=_findings(numbers, words, with_later=quality is not None),
        firing_line=_firing_line(numbers),
        quality=quality,
        manifest=manifest,
        rests_on=_rests_on(manifest),
        smallest=smallest,
        count=count,
        percent=percent,
    )
    write_whole(path, page.encode())


def quality_of(
    manifest: Mapping[str, Any], pieces: Sequence[PieceCounts], shards: Sequence[ShardCounts], rows: int
) -> dict[str, Any]:
    """What the export was like: sizes, and everything that was odd about it."""
    seen: Counter[str] = sum((piece.seen for piece in pieces), Counter())
    versions: Counter[str] = sum((piece.versions for piece in pieces), Counter())
    outcomes: Counter[str] = sum((piece.outcomes for piece in pieces), Counter())
    nobody: Counter[str] = sum((piece.no_patient for piece in pieces), Counter())
    unreadable = sum(piece.unreadable for piece in pieces)
    found = sum(shard.orders for shard in shards)
    faults = list(islice(faults_of(pieces), FAULTS_SHOWN))
    counts = [
        ("Files", len(manifest["files"])),
        ("Bytes", sum(file["bytes"] for file in manifest["files"])),
        ("Lines", sum(piece.lines for piece in pieces)),
        ("Resources", sum(seen.values())),
        ("Patients", sum(shard.patients for shard in shards)),
        ("… with an order", sum(shard.with_orders for shard in shards)),
        ("Orders of any kind", found),
        ("… for neither imaging nor biopsy", found - rows),
        ("Lines that could not be read", unreadable),
        ("Blank lines", sum(piece.blank for piece in pieces)),
        ("Resources that name no patient", sum(nobody.values())),
        ("Patients with orders, without a Patient resource", sum(shard.unknown_patients for shard in shards)),
        ("Resources that came more than once", sum(shard.copies for shard in shards)),
        ("Observations that the service never asks for", sum(piece.not_asked_for for piece in pieces)),
        *((f"Orders in the shape of {name}", versions[name]) for name in sorted(versions)),
    ]
    return {
        "counts": counts,
        "unreadable": unreadable,
        "faults": faults,
        "unlisted": unreadable > len(faults),
        "outcomes": sorted(outcomes.items()),
        "missing_types": sorted(CHART_TYPES - set(manifest["exported"])),
    }


def _tiles(numbers: Mapping[str, Any]) -> list[dict[str, str]]:
    told, firing = numbers["overview"], numbers["firing"]["days"]
    decided, in_scope = told["decided"], told["in_scope"]
    rate = f"{100 * told['cards'] / decided:.1f}" if decided else "–"
    tiles = [
        _tile(count(decided), "imaging and biopsy orders", _patients(told["patients"])),
        _tile(percent(in_scope, decided), "about a liver lesion", orders(in_scope)),
        _tile(percent(told["rated"], in_scope), "of those rated", orders(told["rated"])),
        _tile(
            rate,
            "cards per 100 orders",
            f"{count(told['warnings'])} warnings of {count(told['cards'])} cards",
        ),
    ]
    if firing["clinician_days"]:
        a_day = f"{firing['cards'] / firing['clinician_days']:.2f}"
        note = f"{count(firing['clinician_days'])} clinician-days"
        tiles.append(_tile(a_day, "cards per clinician and day", note))
    return tiles


def _patients(known: int) -> str:
    return f"{count(known)} patients" if known else ""


def _tile(value: str, label: str, note: str) -> dict[str, str]:
    return {"value": value, "label": label, "note": note}


def _findings(numbers: Mapping[str, Any], words: Words, *, with_later: bool) -> list[str]:
    """Sentences a reader takes home, each only where the numbers bear it."""
    told = numbers["overview"]
    lines = [_lead(told)]
    not_appropriate = sum(
        r["orders"] for r in numbers["by_procedure"] if r["outcome"] == "usually-not-appropriate"
    )
    if not_appropriate:
        lines.append(
            f"A study that is usually not appropriate for that patient: {orders(not_appropriate)}"
            f" ({percent(not_appropriate, told['in_scope'])} of those about a liver lesion)."
        )
    if numbers["flows"]:
        top = numbers["flows"][0]
        lines.append(
            f"The most frequent suggestion: {words.procedure(top['suggested'])} instead of"
            f" {words.procedure(top['ordered'])} ({orders(top['orders'])})."
        )
    if numbers["asks"]:
        top = numbers["asks"][0]
        lines.append(
            f"What most often keeps an order from being rated: {words.ask(top['entry'])[:1].lower()}"
            f"{words.ask(top['entry'])[1:]} ({orders(top['orders'])})."
        )
    if with_later:
        changed, of = numbers["as_of"]["later_verdict"], numbers["as_of"]["in_scope"]
        lines.append(
            f"{count(changed)} verdicts ({percent(changed, of)} of the orders about a liver lesion)"
            " would be others if one looked at today’s chart instead of the chart of then."
        )
    return lines


def _lead(told: Mapping[str, Any]) -> str:
    silent = told["in_scope"] - told["with_card"]
    return (
        f"Of {count(told['in_scope'])} orders about a liver lesion, the service would have spoken on"
        f" {count(told['with_card'])} ({percent(told['with_card'], told['in_scope'])})"
        f" and stayed silent on {count(silent)};"
        f" on the other {count(told['decided'] - told['in_scope'])} orders it says nothing at all."
    )


def _firing_line(numbers: Mapping[str, Any]) -> str:
    told, firing = numbers["overview"], numbers["firing"]
    days = firing["days"]
    all_orders = (
        f"{count(told['cards'])} cards on {count(told['decided'])} orders:"
        f" {percent(told['with_card'], told['decided'])} of all imaging and biopsy orders,"
        f" {percent(told['with_card'], told['in_scope'])} of those about a liver lesion."
    )
    parts = [all_orders]
    if days["clinicians"]:
        parts.append(
            f"{count(days['clinicians'])} clinicians ordered on {count(days['clinician_days'])} days;"
            f" on {percent(days['none'], days['clinician_days'])} of these they would have seen no card."
        )
    if firing["appropriate"]:
        parts.append(
            f"Of {count(firing['appropriate'])} usually appropriate orders, "
            + percent(firing["appropriate_silent"], firing["appropriate"])
            + " would have passed without a card."
        )
    return " ".join(parts)


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
        *([("Input", f"{count(len(files))} files, hashes in run.json")] if files else []),
        *(
            (f"{name.replace('_', ' ').capitalize()}", str(value))
            for name, value in manifest["settings"].items()
        ),
        ("Packages", ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())),
    ]

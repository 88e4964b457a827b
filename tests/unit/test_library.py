"""The strict reader and its checks: every kind of mistake is refused, in words that say what to do."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.errors import ContentFaulty
from cds_service.guideline.content import library

MISTAKES = Path(__file__).parent.parent / "bad_guidelines"
SOUND = MISTAKES / "sound"
CASES = sorted(MISTAKES.glob("*.yaml"))


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the sound content, free to be spoilt."""
    return Path(shutil.copytree(SOUND, tmp_path / "content"))


def replace(directory: Path, file: str, old: str, new: str) -> None:
    text = (directory / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once in {file}"
    (directory / file).write_text(text.replace(old, new), encoding="utf-8")


def spoil(directory: Path, case: dict[str, Any]) -> None:
    file = directory / case["file"]
    if case.get("remove"):
        file.unlink()
    elif "find" in case:
        replace(directory, case["file"], case["find"], case["put"])
    else:
        file.write_text(case["put"], encoding=case.get("encoding", "utf-8"))


def test_the_sound_content_has_no_fault() -> None:
    assert library.check(SOUND) == ()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_mistake_is_refused_in_one_line_that_says_what_to_do(path: Path, content: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    spoil(content, case)

    faults = library.check(content)

    assert len(faults) == 1, "\n".join(faults)
    for words in [case["says"]] if isinstance(case["says"], str) else case["says"]:
        assert words in faults[0]
    assert "\n" not in faults[0]
    with pytest.raises(ContentFaulty) as refused:
        library.load(content)
    assert refused.value.faults == faults


def test_all_faults_are_told_at_once_by_file_and_line(content: Path) -> None:
    replace(content, "topics/small.yaml", "median: 8", "median: 6")
    replace(content, "topics/small.yaml", "reasons: [liver-lesion]", "reasons: [lesion]")
    replace(content, "procedures.yaml", '"74183"', '"7418"')

    assert [fault.split(": ")[0] for fault in library.check(content)] == [
        "procedures.yaml:11",
        "topics/small.yaml:14",
        "topics/small.yaml:69",
    ]


def test_yes_and_no_are_text_with_and_without_quotes(content: Path) -> None:
    before = library.load(content).topics["small"]
    replace(
        content, "topics/small.yaml", "extrahepatic-malignancy: [yes]", 'extrahepatic-malignancy: ["yes"]'
    )

    assert library.load(content).topics["small"] == before
    assert before.variants[1].criteria["extrahepatic-malignancy"] == ("yes",)


def test_an_unreviewed_topic_is_refused_where_review_is_required(content: Path) -> None:
    assert library.load(content).topics["small"].status == "unreviewed"
    with pytest.raises(ContentFaulty, match=r"topics/small\.yaml: status: the topic is unreviewed"):
        library.load(content, require_reviewed=True)


def test_a_reviewed_and_licensed_topic_is_served(content: Path) -> None:
    replace(content, "topics/small.yaml", "state: not-obtained", "state: obtained")
    reviewed = "status: active\nreviewer: A name\nreviewed_on: 2026-05-20\nreview_by: 2027-05-20\n"
    replace(content, "topics/small.yaml", "status: unreviewed\n", reviewed)

    topic = library.load(content, require_reviewed=True).topics["small"]

    assert topic.review_by is not None
    assert topic.review_by.isoformat() == "2027-05-20"


def test_a_retired_topic_is_checked_but_not_served(content: Path) -> None:
    replace(content, "topics/small.yaml", "status: unreviewed", "status: retired")
    assert library.load(content, require_reviewed=True).topics == {}
    replace(content, "topics/small.yaml", "median: 8", "median: 6")
    assert len(library.check(content)) == 1


def test_a_topic_may_have_no_advice_for_after_an_mri(content: Path) -> None:
    file = content / "topics" / "small.yaml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("after_mri:"), text.index("no_rationale:")
    file.write_text(text[:start] + text[end:], encoding="utf-8")

    topic = library.load(content).topics["small"]

    assert (topic.after_mri, topic.after_mri_source, topic.after_mri_scope) == ((), "", "")


def test_a_dot_inside_a_sentence_does_not_end_it(content: Path) -> None:
    sentence = "It shows lesions of 1.5 cm, e.g. a cyst, better than U.S. guidance asks."
    replace(content, "topics/small.yaml", "It shows the lesion well.", sentence)
    assert library.check(content) == ()


def test_the_revision_follows_the_bytes_and_nothing_else(content: Path) -> None:
    revision = library.load(SOUND).revision
    assert len(revision) == 16
    assert library.load(content).revision == revision
    replace(content, "topics/small.yaml", "It shows the lesion well.", "It shows the lesion very well.")
    assert library.load(content).revision != revision


def test_the_revision_tells_in_which_file_something_stands(content: Path) -> None:
    revisions = {library.load(content).revision}
    for file in ("concepts.yaml", "override-reasons.yaml"):
        shutil.copytree(SOUND, content, dirs_exist_ok=True)
        with (content / file).open("a", encoding="utf-8") as lines:
            lines.write("# the same remark\n")
        revisions.add(library.load(content).revision)

    assert len(revisions) == 3


def test_a_directory_without_content_says_so(tmp_path: Path) -> None:
    (fault,) = library.check(tmp_path / "nowhere")
    assert "holds no content, name the directory with concepts.yaml" in fault


def test_a_file_that_cannot_be_read_is_named(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    (fault,) = library.check(content)

    assert fault.endswith("cautions.yaml: cannot be read: Permission denied")


def test_what_ships_has_no_fault() -> None:
    assert library.check() == ()

"""The source attributes say what the topic's review says, and no more."""

from datetime import date

from cds_service.guideline.content.library import load
from cds_service.web.source_attributes import source_attributes

TOPIC = load().topics["liver-lesion"]


def test_an_unreviewed_topic_has_no_reviewer_and_no_date() -> None:
    attributes = source_attributes(TOPIC)
    assert "Review of the encoding: none yet" in attributes["developer"]
    assert "no review date" in attributes["release_and_revision_dates"]


def test_a_review_is_named_with_its_dates() -> None:
    reviewed = TOPIC.model_copy(
        update={"reviewer": "A. Reviewer", "reviewed_on": date(2026, 1, 2), "review_by": date(2027, 1, 2)}
    )
    attributes = source_attributes(reviewed)
    assert "A. Reviewer" in attributes["developer"]
    assert "reviewed 2026-01-02, next review 2027-01-02" in attributes["release_and_revision_dates"]

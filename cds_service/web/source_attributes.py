"""The 13 source attributes of an evidence-based decision support intervention (ONC HTI-1,
45 CFR 170.315(b)(11)), answered for one topic. What nobody has told us is said to be unknown.
"""

from cds_service.guideline.content.topic_schema import GuidelineTopic

NOT_USED = "Not used."


def source_attributes(topic: GuidelineTopic) -> dict[str, str]:
    """Attribute -> answer, in the order of the regulation."""
    return {
        "bibliographic_citation": f"{topic.publisher}. {topic.title}. {topic.edition}. {topic.source_url}",
        "developer": (
            f"Guideline: {topic.publisher}. Encoding and software: the Liver Lesion CDS project, which is"
            f" not affiliated with the publisher. Review of the encoding: {topic.reviewer or 'none yet'}."
        ),
        "funding_source": "Of the technical implementation: none recorded.",
        "release_and_revision_dates": (
            f"Guideline: {topic.edition}. {topic.currency} Encoding: {_dates(topic)}"
        ),
        "use_of_race": (
            "Not used. A reported eGFR is taken as it stands, whichever equation the laboratory used; where"
            " we compute it, the equation is CKD-EPI 2021, which has no race term."
        ),
        "use_of_ethnicity": NOT_USED,
        "use_of_language": NOT_USED,
        "use_of_sexual_orientation": NOT_USED,
        "use_of_gender_identity": NOT_USED,
        "use_of_sex": (
            "Administrative gender, only to compute eGFR from creatinine where no eGFR is reported."
        ),
        "use_of_date_of_birth": (
            f"Age: the topic is applied from {topic.applicability.minimum_age} years on; and to compute"
            " eGFR from creatinine where no eGFR is reported."
        ),
        "use_of_social_determinants_of_health": NOT_USED,
        "use_of_health_status_assessments": (
            "Pregnancy status, and problems recorded as health concerns. No scores or questionnaires."
        ),
    }


def _dates(topic: GuidelineTopic) -> str:
    if topic.reviewed_on is None:
        return f"{topic.status}, no review date."
    return f"reviewed {topic.reviewed_on.isoformat()}, next review {topic.review_by or 'not set'}."

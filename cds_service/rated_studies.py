"""Studies as cards name them: the catalogue's entry with what the guideline says of it for this patient."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from cards.advice import Radiation, RatedStudy, Reference, Study
from cards.vocabulary import CPT, ICD_10_CM, LOINC, RADLEX, SNOMED_CT, Coding, Rating
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Row
from cds_service.guideline.reach import Option, medians
from cds_service.guideline.terms.judging import NO_LOCAL_CODES, LocalCodes

SYSTEM_URLS = {"cpt": CPT, "loinc": LOINC, "snomed-ct": SNOMED_CT, "icd-10-cm": ICD_10_CM, "radlex": RADLEX}


@dataclass(frozen=True, eq=False)
class Letterhead:
    """What advice is written with: content, our public address and the mechanism's configured id.

    There is one for each topic of a desk, and it holds nothing of any patient.
    """

    library: Library
    topic: GuidelineTopic
    public_url: str
    qcdsm: str
    max_age_days: Mapping[str, int]  # how old a number may be, by fact, where the content is overruled
    local_codes: LocalCodes = NO_LOCAL_CODES  # the installation's own codes for studies
    write_protocol: bool = False  # whether suggested orders say how the study is to be done

    @cached_property
    def studies(self) -> Mapping[str, Study]:
        """The catalogue as cards name it."""
        catalogue = self.library.procedures.items()
        return {name: study_of(name, procedure, self.local_codes) for name, procedure in catalogue}

    @cached_property
    def rated(self) -> Callable[[str, Rating | None, tuple[Row, ...]], RatedStudy]:
        """See `rated_study`. Few combinations of rows are there, and each is written once."""
        return lru_cache(maxsize=1_000)(partial(rated_study, self))

    @cached_property
    def reference(self) -> Callable[[tuple[Row, ...]], Reference]:
        """See `reference_to`."""
        return lru_cache(maxsize=1_000)(partial(reference_to, self))


def study_of(procedure_id: str, procedure: Procedure, local_codes: LocalCodes) -> Study:
    """A catalogue entry as a card needs it: the exact codes that may be written, CPT first, local last."""
    codings = [Coding(SYSTEM_URLS[c.system], c.code, procedure.title) for c in procedure.write]
    own = [key for key, means in local_codes.entries.items() if means == procedure_id]
    codings += [Coding(system, code, procedure.title) for system, code in own]
    return Study(procedure_id, procedure.title, tuple(codings), procedure.text)


def page_url(head: Letterhead, rows: Iterable[Row]) -> str:
    """Our page of the one variant behind these rows; the topic's page when there are several, or none."""
    numbers = {row.variant.number for row in rows}
    topic_page = f"{head.public_url}/guidelines/{head.topic.id}"
    return f"{topic_page}/variants/{numbers.pop()}" if len(numbers) == 1 else topic_page


def rated_option(head: Letterhead, option: Option) -> RatedStudy:
    """Any study of the topic as the guideline rates it for this patient."""
    return head.rated(option.procedure, option.rating, option.rows)


def rated_study(head: Letterhead, procedure: str, rating: Rating | None, rows: tuple[Row, ...]) -> RatedStudy:
    """A study with the rows that its rating rests on."""
    entry = head.library.procedures[procedure]
    return RatedStudy(
        study=head.studies[procedure],
        rating=rating,
        medians=medians(rows),
        variants=tuple(row.variant.number for row in rows),
        radiation=_radiation(rows),
        strength=" / ".join(dict.fromkeys(row.rating.strength for row in rows)),
        rationale=_rationale(rows),
        auc_applied=page_url(head, rows),
        protocol=(entry.protocol or "") if head.write_protocol else "",
    )


def reference_to(head: Letterhead, rows: tuple[Row, ...]) -> Reference:
    """The topic, and the variants behind these rows."""
    topic = head.topic
    variants = {row.variant.number: row.variant.title for row in rows}
    return Reference(
        topic_title=topic.title,
        publisher=topic.publisher,
        edition=topic.edition,
        source_url=topic.source_url,
        page_url=page_url(head, rows),
        topic_url=page_url(head, ()),
        licence_notice=topic.licence.notice,
        variants=tuple(variants.items()),
        unreviewed=topic.status == "unreviewed",
    )


def _rationale(rows: tuple[Row, ...]) -> str:
    """One that holds for every variant it may be: what is said of small lesions misleads of others.

    That our sources hold none is for the guideline's page to say; on a card it explains nothing.
    """
    held = {row.rating.rationale for row in rows if row.rating.rationale_source}
    told_for_all = all(row.rating.rationale_source for row in rows)
    return held.pop() if len(held) == 1 and told_for_all else ""


def _radiation(rows: tuple[Row, ...]) -> Radiation | None:
    if not rows:
        return None
    level, _, dose = rows[0].rating.adult_radiation.partition(" ")
    return Radiation(level, dose)

"""Advices as the composer gets them: the reference patient, and one for every verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cards.advice import (
    Advice,
    Answer,
    Ask,
    Caution,
    FactLine,
    Opinion,
    Radiation,
    RatedStudy,
    Reference,
    Step,
    Study,
)
from cards.vocabulary import ANSWER, CPT, LOINC, NON_ADHERENCE, Coding, Rating, Verdict

QCDSM = "liver-lesion-cds"
TOPIC_PAGE = "https://cds.example.org/guidelines/liver-lesion"
VARIANT_PAGE = f"{TOPIC_PAGE}/variants/6"
NO_DOSE, HIGH_DOSE = Radiation("O", "0 mSv"), Radiation("☢☢☢☢", "10-30 mSv")

ORDER: dict[str, Any] = {
    "resourceType": "ServiceRequest",
    "id": "pet-1",
    "status": "draft",
    "intent": "order",
    "code": {"coding": [{"system": CPT, "code": "78815"}], "text": "PET CT SKULL BASE TO MID THIGH"},
    "orderDetail": [{"text": "FDG"}],
    "subject": {"reference": "Patient/p1"},
    "reasonCode": [{"text": "8 mm liver lesion"}, {"coding": [{"code": "x"}], "unknown": {"kept": [1]}}],
    "extension": [{"url": "https://ehr.example/priority", "valueInteger": 3}],
    "x-vendor": {"kept": True},
}


def counting_ids() -> Callable[[], str]:
    """Version 4 UUIDs in a row: 00000000-0000-4000-8000-000000000001, ..."""
    drawn = iter(range(1, 1_000_000))
    return lambda: f"00000000-0000-4000-8000-{next(drawn):012}"


def study(title: str, *codings: Coding, text: str = "") -> Study:
    return Study(title.lower().replace(" ", "-").replace("/", "-"), title, codings, text)


MRI = RatedStudy(
    study("MRI abdomen without and with IV contrast", Coding(CPT, "74183"), Coding(LOINC, "24557-1")),
    Rating.USUALLY_APPROPRIATE,
    (8,),
    (6,),
    NO_DOSE,
    "Strong",
    "It characterizes small lesions best and uses no ionizing radiation.",
    VARIANT_PAGE,
)
CT = RatedStudy(
    study(
        "CT abdomen with IV contrast multiphase",
        Coding(CPT, "74160"),
        text="CT abdomen with contrast, multiphase",
    ),
    Rating.MAY_BE_APPROPRIATE,
    (6,),
    (6,),
    HIGH_DOSE,
    "Limited",
    "Its soft-tissue contrast is lower than that of MRI.",
    VARIANT_PAGE,
)
CEUS = RatedStudy(
    study("US abdomen with IV contrast", Coding(CPT, "76978")),
    Rating.MAY_BE_APPROPRIATE,
    (6,),
    (6,),
    NO_DOSE,
    "Limited",
    "An option where MRI or gadolinium cannot be used.",
    VARIANT_PAGE,
)
PLAIN_MRI = RatedStudy(
    study("MRI abdomen without IV contrast", Coding(CPT, "74181")),
    Rating.MAY_BE_APPROPRIATE,
    (5,),
    (6,),
    NO_DOSE,
    "Strong",
    "",
    VARIANT_PAGE,
)
PET = RatedStudy(
    study("FDG-PET/CT skull base to mid-thigh", Coding(CPT, "78815")),
    Rating.USUALLY_NOT_APPROPRIATE,
    (2,),
    (6,),
    HIGH_DOSE,
    "Expert Consensus",
    "It is too insensitive under 1 cm to characterize the lesion.",
    VARIANT_PAGE,
)
SOURCE = Reference(
    topic_title="Liver Lesion – Initial Characterization",
    publisher="American College of Radiology (ACR Appropriateness Criteria)",
    edition="Revised 2020",
    source_url="https://publisher.example/narrative",
    page_url=VARIANT_PAGE,
    licence_notice="Clinical use needs a licence from the publisher.",
    variants=(
        (6, "Lesion under 1 cm after ultrasound, in someone with a history of cancer outside the liver"),
    ),
    topic_url=TOPIC_PAGE,
)
FACTS = (
    FactLine("Lesion size", "8 mm", "8 mm hypoechoic lesion", "2026-05-20", "imaging report"),
    FactLine("First study", "ultrasound", "", "2026-05-20", "imaging report"),
    FactLine("Cancer outside the liver", "yes", "Malignant neoplasm of lung", "2023-02-01", "problem list"),
    FactLine("Chronic liver disease", "no", "", "", "nothing on the problem list"),
)
OVERRIDES = (
    Coding(NON_ADHERENCE, "expert-contradicts", "A specialist advised this study"),
    Coding(NON_ADHERENCE, "action-completed", "The better study was done already"),
)
SIZE = Ask(
    "lesion-size",
    "How large is the liver lesion?",
    (
        Answer(
            (Coding(ANSWER, "lesion-size.under-1-cm", "Liver lesion under 1 cm"),),
            "Under 1 cm",
            "Liver lesion under 1 cm",
            "usually not appropriate",
        ),
        Answer(
            (Coding(ANSWER, "lesion-size.over-1-cm", "Liver lesion over 1 cm"),),
            "Over 1 cm",
            "Liver lesion over 1 cm",
            "may be appropriate",
        ),
    ),
)

LOW_EGFR = Caution(
    code="egfr-under-30",
    finding="eGFR 24",
    first="Discuss the contrast agent with radiology",
    advice="Ask for a group II agent.",
    source="measurement",
    date="2026-05-28",
    age="4 days old",
)
SEVERE_REACTION = Caution(
    code="gadolinium-reaction-severe",
    finding="severe reaction to gadolinium contrast",
    first="Discuss with radiology",
    advice="Studies with gadolinium are not suggested.",
    said="Gadobutrol: Anaphylaxis",
    source="allergy list",
    date="2021-03-01",
    age="5 years ago",
    withdraws=True,
)

WARNING = Advice(
    order=ORDER,
    reference="ServiceRequest/pet-1",
    verdict=Verdict.RATED,
    ordered=PET,
    ordered_title=PET.study.title,
    source=SOURCE,
    qcdsm=QCDSM,
    better=(MRI, CT, CEUS, PLAIN_MRI),
    facts=FACTS,
    override_reasons=OVERRIDES,
)
MAY_BE = replace(WARNING, ordered=CT, ordered_title=CT.study.title, better=(MRI,))
USUAL = replace(WARNING, ordered=MRI, ordered_title=MRI.study.title, better=())
NO_REASON = replace(
    USUAL,
    indication={
        "coding": [{"system": "http://snomed.info/sct", "code": "300331000", "display": "Liver lesion"}],
        "text": "Indeterminate liver lesion, 8 mm",
    },
)
OPEN = replace(
    WARNING,
    verdict=Verdict.UNDETERMINED,
    ordered=replace(PET, rating=None, medians=(2, 6)),
    better=(),
    best_case=Rating.MAY_BE_APPROPRIATE,
    worst_case=Rating.USUALLY_NOT_APPROPRIATE,
    always_usual=(MRI,),
    asks=(SIZE,),
    facts=FACTS[1:],
    unknown=("the lesion's size",),
)
CONFLICT = replace(
    WARNING,
    verdict=Verdict.CONFLICTING,
    ordered=replace(PET, rating=None),
    better=(MRI,),
    opinions=(
        Opinion(
            3, "Known cancer outside the liver", Rating.MAY_BE_APPROPRIATE, 6, f"{TOPIC_PAGE}/variants/3"
        ),
        Opinion(
            5, "Known chronic liver disease", Rating.USUALLY_NOT_APPROPRIATE, 2, f"{TOPIC_PAGE}/variants/5"
        ),
    ),
    source=replace(
        SOURCE,
        page_url=TOPIC_PAGE,
        variants=((3, "Known cancer outside the liver"), (5, "Known chronic liver disease")),
    ),
)
CAUTIONED = replace(USUAL, cautions=(LOW_EGFR,), beside=(CEUS, PLAIN_MRI))
OPEN_CAUTIONED = replace(
    OPEN,
    ordered=replace(MRI, rating=None),
    ordered_title=MRI.study.title,
    best_case=Rating.USUALLY_APPROPRIATE,
    worst_case=Rating.USUALLY_APPROPRIATE,
    uncovered=True,
    always_usual=(),
    cautions=(LOW_EGFR,),
)
AFTER_MRI = replace(
    WARNING,
    verdict=Verdict.AFTER_MRI,
    better=(),
    next_steps=(
        Step("Definite metastasis", "Refer to oncology.", "What Is the Best Imaging (2026)"),
        Step("Indeterminate", "Repeat the MRI in 3 to 6 months.", "What Is the Best Imaging (2026)"),
    ),
    source=replace(SOURCE, page_url=TOPIC_PAGE, variants=()),
)
SILENT = {
    verdict: replace(WARNING, verdict=verdict, better=(), ordered=replace(PET, rating=None, medians=()))
    for verdict in (Verdict.NO_CRITERIA, Verdict.NOT_APPLICABLE, Verdict.UNREADABLE)
}
SPEAKING = {
    "warning": WARNING,
    "may-be": MAY_BE,
    "no-reason": NO_REASON,
    "open": OPEN,
    "conflict": CONFLICT,
    "after-mri": AFTER_MRI,
    "cautioned": CAUTIONED,
    "open-cautioned": OPEN_CAUTIONED,
}

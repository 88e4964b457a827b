"""Advice: all that the composer is told about one draft order. Values, and how titles of ours are printed.

Built by `cds_service.advise` from an Assessment, a Chart and the library; read by `cards.compose`.
Text that came from a chart is marked in the field's comment: the composer escapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from cards.escaping import content_text, plain
from cards.vocabulary import Coding, Rating, Verdict

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Radiation:
    """Relative radiation level for adults: the publisher's symbol and dose range ("10-30 mSv")."""

    level: str  # "O", "☢☢☢", "Varies"
    dose: str  # "0 mSv", "1-10 mSv"; "" where it varies


@dataclass(frozen=True)
class Study:
    """An orderable study. `codings`: exact codes only, ours to write; none = never in one click."""

    id: str
    title: str
    codings: tuple[Coding, ...] = ()
    text: str = ""  # goes to `code.text` beside the codings; reads back as exactly this study

    @cached_property
    def plain_title(self) -> str:
        """For a summary or a label."""
        return plain(self.title)

    @cached_property
    def markdown_title(self) -> str:
        """For the detail."""
        return content_text(self.title)


@dataclass(frozen=True, slots=True)
class Caution:
    """What of this patient bears on a study. `said`, `source`: from the chart, escape them.

    `finding`: a few words that stand anywhere in a sentence ("eGFR 24"). `first`: what to do before
    ordering ("Discuss the contrast agent with radiology"). `age`: "4 months old" or "4 months ago".
    """

    code: str
    finding: str
    first: str
    advice: str  # a sentence or two
    said: str = ""
    source: str = ""
    date: str = ""  # ISO date or ""
    age: str = ""
    withdraws: bool = False  # the study is named, but no longer recommended


@dataclass(frozen=True)
class RatedStudy:
    """A study with what the guideline says of it for this patient.

    `rating` is None when the possible variants do not give one rating, or none lists the study.
    `medians`: the panel medians (1-9) over all possible variants, low to high; one entry = one median.
    """

    study: Study
    rating: Rating | None
    medians: tuple[int, ...] = ()
    variants: tuple[int, ...] = ()
    radiation: Radiation | None = None
    strength: str = ""  # strength of evidence as the publisher words it
    rationale: str = ""  # one sentence, ours
    auc_applied: str = ""  # absolute URL of the criterion's page
    cautions: tuple[Caution, ...] = ()  # what withdraws first
    done: str = ""  # when this study was done lately: "done on 2026-05-28"
    protocol: str = ""  # how to do it, for the order's note, where this client wants it

    @cached_property
    def markdown_rationale(self) -> str:
        """The rationale for the detail."""
        return content_text(self.rationale)

    @cached_property
    def withdrawn(self) -> bool:
        """True when something of this patient speaks against recommending the study."""
        return any(caution.withdraws for caution in self.cautions)


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact of this patient, as read from the chart. `said` is chart text: escape it."""

    label: str  # "Lesion size"
    value: str  # "8 mm"; may hold chart text: escape it
    said: str = ""
    date: str = ""  # ISO date or ""
    source: str = ""  # "ultrasound report", "problem list", "answered on the order"


@dataclass(frozen=True, slots=True)
class Answer:
    """One offered answer: what is written on the order as one more `reasonCode` entry.

    Several codings mean "one of these": values of one question that lead to the same outcome.
    """

    codings: tuple[Coding, ...]
    label: str  # "Under 1 cm"
    reason_text: str  # "Liver lesion under 1 cm": a radiologist reads it
    leads_to: str = ""  # "usually not appropriate", in words; "" when still open


@dataclass(frozen=True, slots=True)
class Ask:
    """A question whose answer changes the outcome. Wording from the topic's YAML."""

    question: str  # code, "lesion-size"
    wording: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the answer comes from: printed at the foot of a card and behind its links."""

    topic_title: str
    publisher: str
    edition: str
    source_url: str  # the publisher's page
    page_url: str  # our page of the variant, or of the topic when several variants agree
    licence_notice: str
    variants: tuple[tuple[int, str], ...] = ()  # number, title in our words
    unreviewed: bool = True
    topic_url: str = ""  # our page of the topic: who speaks, not a drill-down; page_url if left out


@dataclass(frozen=True, slots=True)
class Opinion:
    """One of several variants that hold at once, and what it says of the ordered study."""

    variant: int
    variant_title: str
    rating: Rating
    median: int
    page_url: str


@dataclass(frozen=True, slots=True)
class Step:
    """What an article says comes next after an MRI without and with contrast."""

    finding: str
    advice: str
    source: str


@dataclass(frozen=True, slots=True)
class History:
    """Clinical history for a suggested order. `reason`: a coded indication, None when the order has one.

    `references`: resources of the chart that it rests on ("Condition/x"). `note`: one line; chart text.
    """

    note: str
    references: tuple[str, ...] = ()
    reason: Json | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything about one order. `order` is the client's own JSON: copied, never changed in place."""

    order: Json
    reference: str  # "ServiceRequest/x"
    verdict: Verdict
    ordered: RatedStudy | None  # None: outside the catalogue, or its codes name several studies
    ordered_title: str  # how the card names it, also when several studies are possible
    source: Reference
    qcdsm: str  # configured id of the mechanism consulted
    cautions: tuple[Caution, ...] = ()  # of the ordered study, whichever of several it may be
    better: tuple[RatedStudy, ...] = ()  # rated above the ordered one on every way; best first
    beside: tuple[
        RatedStudy, ...
    ] = ()  # at least "may be appropriate": options beside a cautioned study that its caution spares
    best_case: Rating | None = None  # undetermined: how the ordered study fares at best ...
    worst_case: Rating | None = None  # ... and at worst, where a variant rates it at all
    uncovered: bool = False  # undetermined: for some answers no variant rates it
    always_usual: tuple[RatedStudy, ...] = ()  # undetermined: usually appropriate wherever covered
    may_mean: tuple[
        RatedStudy, ...
    ] = ()  # undetermined: studies the order may name, when no ask tells them apart
    opinions: tuple[Opinion, ...] = ()  # conflicting
    asks: tuple[Ask, ...] = ()
    facts: tuple[FactLine, ...] = ()
    unknown: tuple[str, ...] = ()  # what was not known, in words
    remarks: tuple[str, ...] = ()  # "The chart says 12 mm; the order's answer (under 1 cm) is used."
    next_steps: tuple[Step, ...] = ()  # after-mri
    already_drafted: tuple[str, ...] = ()  # study ids found on the session's other drafts
    offered_elsewhere: tuple[str, ...] = ()  # study ids that another order's card in this answer offers
    indication: Json | None = None  # a CodeableConcept to add when the order carries no reason
    history: "History | None" = None  # what a suggested order tells the radiologist
    background: tuple[str, ...] = ()  # caution codes that inform without a card of their own
    override_reasons: tuple[Coding, ...] = ()

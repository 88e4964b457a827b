"""The shape of guideline content: what may stand in the YAML under `cds_service/guidelines/`.

Strict: unknown keys are refused, codes are strings, everything is frozen. Cross-file checks
(names that must resolve, check digits) live in `library`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cds_service.guideline.content.word_groups import written_out

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Bound = Annotated[float, Field(gt=0, allow_inf_nan=False)]  # of sizes and laboratory values: none is negative
SystemName = Literal["cpt", "loinc", "snomed-ct", "icd-10-cm", "radlex", "hcpcs"]
Modality = Literal["us", "ct", "mri", "pet-ct", "nuclear", "radiograph", "mammography", "biopsy"]
Contrast = Literal["without", "with", "without-and-with"]
ContrastAgent = Literal["gadolinium", "iodinated", "microbubble"]
Phase = Literal["single-phase", "multiphase"]
Tracer = Literal["fdg", "dotatate", "octreotide", "colloid", "rbc"]
Strength = Literal["Strong", "Moderate", "Limited", "Expert Consensus", "Expert Opinion"]


class Content(BaseModel):
    """Base of every content model: frozen, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=False)


class Excluded(Content):
    """A code or code range that is left out of a concept, and why."""

    code: Code
    reason: Words


class Conditional(Content):
    """A code that stands for the concept only when the entry's words say one of `words` as well."""

    code: Code
    words: tuple[Words, ...]
    reason: Words


class CodeSet(Content):
    """Codes of one system. ICD-10-CM entries are prefixes ("C34") or prefix ranges ("C00-C21").

    The longest prefix wins. `complete`: the system is covered whole, so any other code of it says "not
    this concept". `unsure`: neither proves nor rules out. `past`: included codes that say "history of".
    """

    include: tuple[Code, ...] = ()
    unsure: tuple[Excluded, ...] = ()
    past: tuple[Code, ...] = ()
    exclude: tuple[Excluded, ...] = ()
    conditional: tuple[Conditional, ...] = ()
    complete: bool = False


class Remark(Content):
    """Something a concept includes or excludes, and the reason."""

    what: Words
    reason: Words


class WordSet(Content):
    """Phrases that name a concept in free text. Lower case; `*` at a word's end = any ending, at its
    start = any beginning; `...` between words = up to four words in between; `a|b` = either; `<organ>` =
    any word of that group; `ALL` = only where the text has capitals. `unsure` names it without
    settling it ("neoplasm of prostate"). Where phrases overlap the one with more words wins; between
    equals `exclude` wins over `include`, and `include` over `unsure`."""

    include: tuple[Words, ...] = ()
    unsure: tuple[Words, ...] = ()
    exclude: tuple[Words, ...] = ()


class Concept(Content):
    """A clinical idea with its codes and words.

    `when_over`: what "cured" or "history of" leaves: it still `counts` (a cancer), or the fact is `open`
    (a hepatitis). `when_unsure`: what a doubtful one still names ("probable hemangioma" a liver lesion).
    """

    title: Words
    means: Words
    codes: dict[SystemName, CodeSet] = Field(default_factory=dict)
    words: WordSet = WordSet()
    when_over: Literal["counts", "open"] = "counts"
    when_unsure: Name | None = None
    includes: tuple[Remark, ...] = ()
    excludes: tuple[Remark, ...] = ()
    source: Words


class Context(Content):
    """Phrases that change what a mention means, whatever the concept (family, screening, denial ...).

    `no evidence of ...` acts on what follows, `... ruled out` on what stands before, no dots = both.
    """

    not_the_patient: tuple[Words, ...]  # "family history of", "mother"
    not_present: tuple[Words, ...]  # "no evidence of", "screening", "declined", "risk of"
    unsure: tuple[Words, ...]  # "suspected", "possible"
    sought: tuple[Words, ...] = ()  # "rule out", "evaluate for": in doubt, and nothing has been seen yet
    past: tuple[Words, ...]  # "history of", "status post": still counts, as past
    over: tuple[Words, ...] = ()  # "cured": past, and perhaps gone (see Concept.when_over)
    breaks: tuple[Words, ...] = ()  # "but": what stands before no longer acts on what follows
    no_effect: tuple[Words, ...] = ()  # looks like one of the above and is not: "no change in"


class ConceptsFile(Content):
    """concepts.yaml. `groups`: words that phrases name together, as `<organ>`."""

    context: Context
    groups: dict[Name, tuple[Words, ...]] = Field(default_factory=dict)
    concepts: dict[Name, Concept]

    _written_out = model_validator(mode="before")(written_out)


class StudyTraits(Content):
    """What kind of study a code or a text means. A trait left out is not stated by it."""

    modality: Modality
    regions: tuple[Name, ...] = ()  # "abdomen", "liver", "pelvis", "chest", "skull-base-to-mid-thigh"
    contrast: Contrast | None = None
    phase: Phase | None = None
    tracer: Tracer | None = None


class WrittenCode(Content):
    """An exact code: means this procedure and nothing else, possibly together with `text`.

    `shared`: outside this catalogue the code also stands for other studies (another organ, another
    tracer), so an order text that names one of those wins over it.
    """

    system: SystemName
    code: Code
    shared: bool = False


class RecognisedCode(Content):
    """A code that means this procedure or may mean it among others; `reason` says how sure.

    `shared`: see WrittenCode.
    """

    system: SystemName
    code: Code
    reason: Words | None = None
    shared: bool = False


class Procedure(Content):
    """An orderable study of the catalogue.

    `write`: codes we put on a suggested order (exact ones); `recognise`: further codes we read, which
    may stand under several procedures. `text` is our name for the study on the order.
    """

    title: Words
    text: Words
    traits: StudyTraits
    write: tuple[WrittenCode, ...] = ()
    recognise: tuple[RecognisedCode, ...] = ()
    radiation: Literal["none", "ionizing", "varies"]
    contrast_agent: ContrastAgent | None = None
    liver_biopsy: bool = False
    protocol: Words | None = None  # how the study is done, for the note of a suggested order
    note: Words | None = None
    source: Words


class EarlierStudy(Content):
    """Codes by which an already done imaging study is recognised, with its traits."""

    title: Words
    traits: StudyTraits
    codes: dict[SystemName, tuple[Code, ...]] = Field(default_factory=dict)
    source: Words


class EarlierRadiation(Content):
    """Relative radiation level (adult) of studies already done: every stated trait has to fit.

    `regions`: all regions of the study lie among these; left out = any. A study that states no contrast,
    phase or tracer fits entries of every contrast, phase and tracer, and its dose spans them.
    """

    modality: Modality
    regions: tuple[Name, ...] = ()
    contrast: tuple[Contrast, ...] = ()
    phase: Phase | None = None
    tracer: Tracer | None = None
    level: Words
    source: Words


class LevelRange(Content):
    """mSv of one relative radiation level; None = no upper or lower bound stated."""

    adult: Words
    pediatric: Words


class ProceduresFile(Content):
    """procedures.yaml"""

    radiation_scale: dict[Words, LevelRange]
    radiation_scale_source: Words
    procedures: dict[Name, Procedure]
    earlier_studies: tuple[EarlierStudy, ...]
    earlier_radiation: tuple[EarlierRadiation, ...] = ()


class OverrideReason(Content):
    """A reason a clinician may pick for keeping the order. Stable codes: analytics count them."""

    system: Words
    code: Name
    display: Words
    source: Words


class OverrideReasonsFile(Content):
    """override-reasons.yaml"""

    reasons: tuple[OverrideReason, ...]

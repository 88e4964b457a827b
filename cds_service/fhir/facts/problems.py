"""The problem list: each Condition read once, and the yes/no facts that rest on it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cards.vocabulary import Coding
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import JsonObject, codings, concept, status_words, texts
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import NO, YES, Choice, Evidence, Searched
from cds_service.guideline.terms.judging import Judgement, Standing, Terms, judge, judge_all

LIVER_SITE = "liver-site"
LIVER_LESION_CONCEPTS = (
    "benign-liver-lesion",
    "primary-liver-cancer",
    "liver-metastasis",
    "liver-lesion",
    "liver-lesion-unspecific",
    "abnormal-liver-imaging",
)
OTHER_CONCEPTS = (
    "extrahepatic-malignancy",
    "chronic-liver-disease",
    "acute-kidney-injury",
    "dialysis",
    "iodinated-contrast-agent",
    "gadolinium-agent",
    "ultrasound-contrast-agent",
    "contrast-allergy-unspecified",
    "implant",
    "pregnancy",
)
CONFIRMED = frozenset(("confirmed", "confirmed-present"))
OVER = frozenset(("inactive", "resolved", "remission"))
MOST_EVIDENCE = 8

UNCONFIRMED = "only an unconfirmed entry"
NO_WORDS = "an entry with neither a known code nor words we can read"
UNREADABLE = "an entry could not be read"
GAPS: Mapping[Searched, str] = {
    Searched.CUT_SHORT: "part of the chart was not sent",
    Searched.NOT_HAD: "could not be read",
    Searched.NOT_SEARCHED: "not searched",
    Searched.COMPLETE: "",
}


# A library may hold fewer concepts than these: nothing stands for one that it lacks.
_NOT_HELD = {name: Judgement(Standing.NO) for name in (*LIVER_LESION_CONCEPTS, *OTHER_CONCEPTS)}


@dataclass(frozen=True)
class Problem:
    """One Condition, and how it stands to each concept. `at_liver`: its body site is the liver."""

    entry: Entry
    at_liver: bool
    judged: Mapping[str, Judgement]

    @property
    def words(self) -> str:
        """What it calls itself."""
        return self.entry.code.words()

    @cached_property
    def when(self) -> When | None:
        """From onset to recording: when it began and when it was said are both possible dates."""
        onset = dates.of(self.entry.raw, "onsetDateTime", "onsetPeriod")
        recorded = dates.of(self.entry.raw, "recordedDate", "assertedDate", "dateRecorded")
        return dates.covering(part for part in (onset, recorded) if part)

    @cached_property
    def tentative(self) -> bool:
        """Unconfirmed, provisional, differential, or a verification we do not know."""
        named = status_words(self.entry.raw.get("verificationStatus"))
        return bool(named) and named.isdisjoint(CONFIRMED)

    @cached_property
    def over(self) -> bool:
        """Inactive, resolved, in remission, abated."""
        clinical = status_words(self.entry.raw.get("clinicalStatus"))
        if clinical:
            return not clinical.isdisjoint(OVER)
        abated = (self.entry.raw.get(name) for name in self.entry.raw if name.startswith("abatement"))
        return any(value not in (None, False, "") for value in abated)

    def evidence(self) -> Evidence:
        """The entry in its own words."""
        return self.entry.evidence(self.words, self.when)


Qualify = Callable[[Problem, Judgement], str]  # why a match leaves the fact open; "" = it proves it


def read_problems(records: Records, terms: Terms) -> list[Problem]:
    """Every usable Condition that may stand for one of our concepts: most of a problem list does not."""
    found = records.alike("Condition", lambda members: _listed(members, terms))
    return [Problem(entry, at_liver, judged) for entry, (at_liver, judged) in found]


def _listed(members: JsonObject, terms: Terms) -> tuple[bool, Mapping[str, Judgement]] | None:
    """Whether it is at the liver, and how it stands to each concept; None when it stands for none."""
    at_liver, code = is_liver_site(members.get("bodySite"), terms), concept(members.get("code"))
    judged = judge_all(terms, *code)
    if at_liver:
        judged = {**judged, **judge_lesion(terms, *code, at_liver)}
    stands = any(one.standing is not Standing.NO for one in judged.values())
    return (at_liver, {**_NOT_HELD, **judged}) if stands else None


def judge_lesion(
    terms: Terms, found: Sequence[Coding], said: Sequence[str], at_liver: bool
) -> dict[str, Judgement]:
    """How codes and words stand to the concepts of a liver lesion; a body site is read with the words."""
    placed = [f"liver {text}" for text in (*said, *(c.display for c in found)) if text] if at_liver else []
    plain = judge_all(terms, found, said)
    at_site = judge_all(terms, (), placed) if placed else plain
    return {
        name: at_site[name] if plain[name].standing is Standing.NO else plain[name]
        for name in LIVER_LESION_CONCEPTS
        if name in plain
    }


def is_liver_site(site: object, terms: Terms) -> bool:
    """Whether a body site (CodeableConcept, or a list) is the liver or a part of it."""
    found, said = codings(site), texts(site)
    return bool(found or said) and judge(terms, LIVER_SITE, found, said).standing is Standing.YES


def extrahepatic_malignancy(problems: Sequence[Problem], records: Records) -> Choice:
    """Active or past cancer outside the liver. Metastases prove one, wherever they are."""
    return yes_no(problems, "extrahepatic-malignancy", records, _unless_in_the_liver)


def _unless_in_the_liver(problem: Problem, judged: Judgement) -> str:  # noqa: ARG001 - a Qualify
    secondary = problem.judged["liver-metastasis"].standing is Standing.YES
    return "" if secondary or not problem.at_liver else "a cancer whose recorded site is the liver"


def chronic_liver_disease(problems: Sequence[Problem], records: Records) -> Choice:
    """Chronic liver disease now. One that is over (a cured hepatitis) leaves the fact open."""
    return yes_no(problems, "chronic-liver-disease", records, unless_over)


def liver_malignancy(problems: Sequence[Problem], records: Records) -> Choice:
    """An active, confirmed primary liver cancer or liver metastasis: a new lesion does not undo it."""
    both = [
        yes_no(problems, name, records, unless_over) for name in ("primary-liver-cancer", "liver-metastasis")
    ]
    proven = [fact for fact in both if fact.value == YES]
    unsettled = [fact for fact in both if fact.value is None]
    return (proven or unsettled or both)[0]


def unless_over(problem: Problem, judged: Judgement) -> str:
    """A match that is over does not prove that it is so now."""
    return "only a past entry" if problem.over or judged.past else ""


def always(problem: Problem, judged: Judgement) -> str:  # noqa: ARG001 - a Qualify
    """Active or past: both prove it."""
    return ""


def yes_no(problems: Sequence[Problem], concept: str, records: Records, qualify: Qualify = always) -> Choice:
    """YES on one match to be relied on; open on matches that are not; else by how far the search went."""
    proofs: list[Evidence] = []
    hints: dict[str, list[Evidence]] = {}
    for problem in problems:
        why = _why_open(problem, problem.judged[concept], qualify)
        if why == "":
            proofs.append(problem.evidence())
        elif why is not None:
            hints.setdefault(why, []).append(problem.evidence())
    if any(name.startswith("Condition") for name in records.unread):
        hints.setdefault(UNREADABLE, [])
    return settle(proofs, hints, records.searched("conditions"))


def _why_open(problem: Problem, judged: Judgement, qualify: Qualify) -> str | None:
    """ "" when the entry proves the concept, None when it has nothing to do with it, else why it is open."""
    match judged.standing:
        case Standing.NO:
            return None
        case Standing.UNREADABLE:
            return NO_WORDS
        case Standing.UNSURE:
            return "only an uncertain entry"
        case Standing.YES if not problem.entry.reliable:
            return f"an entry that cannot be relied on: {problem.entry.doubt}"
        case _:
            return UNCONFIRMED if problem.tentative else qualify(problem, judged)


def settle(proofs: Sequence[Evidence], hints: Mapping[str, Sequence[Evidence]], searched: Searched) -> Choice:
    """A yes/no fact from what proves it and from what leaves it open (evidence by why)."""
    if proofs:
        return Choice((YES,), latest_first(proofs), searched)
    if hints:
        found = latest_first([one for every in hints.values() for one in every])
        return Choice((YES, NO), found, searched, "; ".join(hints))
    if searched is Searched.COMPLETE:
        return Choice((NO,), (), searched)
    return Choice((YES, NO), (), searched, GAPS[searched])


def latest_first(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence as it is shown: newest first, undated last, not too much of it."""
    ordered = sorted(dict.fromkeys(found), key=lambda one: one.day or date.min, reverse=True)
    return tuple(ordered[:MOST_EVIDENCE])

"""How the report names things: our codes as a reader knows them."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.terms.code_systems import system_name
from cds_service.replay import past_orders as past

STEPS: Final = {
    "decided": "Imaging and biopsy orders",
    "mapped": "Study in the catalogue",
    "indicated": "… with a readable reason",
    "in_scope": "About a liver lesion",
    "variant": "… a variant covers the patient",
    "rated": "… rated",
}
OUTCOMES: Final = {
    "usually-appropriate": "Usually appropriate",
    "may-be-appropriate": "May be appropriate",
    "usually-not-appropriate": "Usually not appropriate",
    "undetermined": "Open: a fact is missing",
    "conflicting": "Variants disagree",
    "no-criteria": "No criteria apply",
    "after-mri": "After MRI",
    "not-applicable": "Not about a liver lesion",
    "unreadable": "Not readable",
    "as-suggested": "Done as suggested",
    "as-ordered": "Done as ordered",
    "another-study": "Another study done",
    "none-found": "No study found",
}
SYSTEMS: Final = {"cpt": "CPT", "loinc": "LOINC", "snomed-ct": "SNOMED CT", "radlex": "RadLex"}
SAID: Final = {"warning": "Warning card", "info": "Info card", "silent": "No card"}
INDICATIONS: Final = {
    "names-liver-lesion": "names a liver lesion",
    "asks-about-liver": "asks about the liver",
    "another-reason": "gives another reason",
    "no-reason": "gives no reason",
    "reference-not-readable": "refers to something that is not in the export",
}
CHANGES: Final = {
    "variants": "variant",
    "medians": "median",
    "asks": "questions",
    "suggested": "suggestions",
}
STATUSES: Final = {
    past.NO_DATE: "no authoredOn that can be read: nobody knows as of when to judge it",
    past.VAGUE_DATE: "authoredOn without a day",
    past.IN_ERROR: "entered in error",
    past.NOT_REQUESTED: "a proposal or plan, not an order",
    past.FILLER: "the filler's copy of an order",
    past.NOT_TO_DO: "an order not to do something",
    past.FAULT: "a fault of ours: please report it",
    past.REFUSED: "the export holds no problem lists: the service would have answered 412",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Names by code. A code without a name of its own is shown with blanks for hyphens."""

    procedures: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=lambda: STEPS)
    said: Mapping[str, str] = field(default_factory=lambda: SAID)

    def procedure(self, name: str) -> str:
        """A study's title."""
        own = {"several": "Code of several studies", "others": "Other studies", "": "Not in the catalogue"}
        return self.procedures.get(name) or own.get(name) or self.plain(name)

    def outcome(self, name: str) -> str:
        """What came of an order, or what was done."""
        return OUTCOMES.get(name) or self.plain(name)

    def ask(self, name: str) -> str:
        """What a question is about."""
        return self.asks.get(name) or self.plain(name)

    def caution(self, name: str) -> str:
        """A caution's code in words."""
        plain = self.plain(name)
        for short, long in (("egfr", "eGFR"), ("inr", "INR"), ("mr unsafe", "MR unsafe")):
            plain = plain.replace(short, long)
        return plain[:1].upper() + plain[1:] if not plain.startswith("eGFR") else plain

    def indication(self, name: str) -> str:
        """What an order's reasons amount to."""
        return INDICATIONS.get(name) or self.plain(name)

    def status(self, name: str) -> str:
        """Why an order was not decided."""
        return STATUSES.get(name) or self.plain(name)

    def changes(self, names: str) -> str:
        """What of an answer differs."""
        return ", ".join(CHANGES.get(name, name) for name in names.split(";"))

    def variants(self, numbers: str) -> str:
        """One variant, or several that the patient may fall under."""
        return numbers.replace(";", ", ") or "–"

    def month(self, month: str) -> str:
        """`2026-05` as `May 26`."""
        year, _, number = month.partition("-")
        return f"{calendar.month_abbr[int(number)]} {year[2:]}"

    def code(self, code: str) -> str:
        """`http://www.ama-assn.org/go/cpt|70450` as `CPT 70450`; a system that we do not know as it is."""
        system, _, own = code.partition("|")
        known = system_name(system)
        return f"{SYSTEMS.get(known, known)} {own}" if known else code.replace("|", " ").strip()

    def group(self, grouping: str, name: str) -> str:
        """A group of patients, beside its grouping."""
        return f"{grouping}: {name}"

    def plain(self, name: str) -> str:
        """Any other code."""
        return name.replace("-", " ")


def words_of(library: Library, topic: GuidelineTopic) -> Words:
    """The names that the content gives its studies and questions."""
    asks = {
        name: question.subject[:1].upper() + question.subject[1:]
        for name, question in topic.questions.items()
    }
    return Words({name: one.title for name, one in library.procedures.items()}, asks)

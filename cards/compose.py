"""From advice to cards: when we speak, how loudly, and what we offer. `TABLE` is the whole policy.

Pure: the same advice, profile and ids give the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cards import detail, suggestions, summary, wording
from cards.advice import Advice
from cards.annotation import annotation
from cards.card import Action, Card, Link, Source, Suggestion
from cards.case import Case
from cards.escaping import plain
from cards.profiles import Profile
from cards.vocabulary import Band, Indicator, Topic, Verdict

Test = Callable[[Case], bool]
Words = Callable[[Case], str]
Offers = Callable[[Case], tuple[Suggestion, ...]]


@dataclass(frozen=True, slots=True)
class Composed:
    """What came of one order: the cards, and the system actions that keep its rating true."""

    cards: tuple[Card, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One reason to speak. `when` None = always; `offers` None = nothing to click."""

    verdict: Verdict
    when: Test | None
    indicator: Indicator
    topic: Topic
    summary: Words
    detail: Words
    offers: Offers | None
    may_be_overridden: bool = False

    def fits(self, case: Case) -> bool:
        """True when this row makes the card."""
        return self.verdict is case.advice.verdict and (self.when is None or self.when(case))


def _usual_without_reason(case: Case) -> bool:
    return case.band is Band.USUALLY and case.advice.indication is not None


def _well_rated_but_cautioned(case: Case) -> bool:
    """Something of this patient bears on the ordered study, and nothing better is open."""
    return case.band in (Band.USUALLY, Band.MAY_BE) and bool(case.advice.cautions) and case.best is None


def _usual_if_rated_but_cautioned(case: Case) -> bool:
    worst = case.advice.worst_case
    return worst is not None and worst.band is Band.USUALLY and bool(case.advice.cautions)


def _outranked(case: Case) -> bool:
    return case.band is Band.MAY_BE and case.best is not None


def _usually_not(case: Case) -> bool:
    return case.band is Band.USUALLY_NOT


def _less_than_usual_in_some_case(case: Case) -> bool:
    worst = case.advice.worst_case
    return worst is not None and worst.band < Band.USUALLY


# The first row that fits makes the card. No row: silence (usually appropriate with a reason and without a
# caution, may be appropriate with nothing better and no caution, no criteria, not applicable, unreadable).
# Cautions inform: they never change a rating or make a card louder. Those that withdraw a study keep it from
# being offered (`Case.ranked`). `critical` is never used.
# fmt: off
TABLE: tuple[Row, ...] = (
    Row(Verdict.RATED, _well_rated_but_cautioned, Indicator.INFO, Topic.CONTRAINDICATION,
        summary.cautioned, detail.caution_detail, suggestions.options_then_indication),
    Row(Verdict.RATED, _usual_without_reason, Indicator.INFO, Topic.APPROPRIATE_USE,
        summary.missing_indication, detail.indication_detail, suggestions.indication),
    Row(Verdict.RATED, _outranked, Indicator.INFO, Topic.APPROPRIATE_USE,
        summary.outranked, detail.better_detail, suggestions.replacements),
    Row(Verdict.RATED, _usually_not, Indicator.WARNING, Topic.OFF_GUIDELINE,
        summary.usually_not, detail.better_detail, suggestions.replacements, may_be_overridden=True),
    Row(Verdict.UNDETERMINED, _less_than_usual_in_some_case, Indicator.INFO, Topic.APPROPRIATE_USE,
        summary.open_questions, detail.question_detail, suggestions.answers_then_studies),
    Row(Verdict.UNDETERMINED, _usual_if_rated_but_cautioned, Indicator.INFO, Topic.CONTRAINDICATION,
        summary.cautioned, detail.caution_detail, suggestions.replacements),
    Row(Verdict.CONFLICTING, None, Indicator.INFO, Topic.GUIDELINE,
        summary.conflict, detail.conflict_detail, suggestions.replacements),
    Row(Verdict.AFTER_MRI, None, Indicator.INFO, Topic.GUIDELINE,
        summary.after_mri, detail.after_mri_detail, None),
)
# fmt: on


def compose(advice: Advice, profile: Profile, new_id: Callable[[], str]) -> Composed:
    """Cards and system actions for one order. `new_id` gives a fresh lower-case version 4 UUID."""
    case = Case(advice, profile, new_id)
    row = next((row for row in TABLE if row.fits(case)), None)
    action = annotation(advice, new_id)
    return Composed(cards=(_card(row, case),) if row else (), actions=(action,) if action else ())


def _card(row: Row, case: Case) -> Card:
    return Card(
        uuid=case.new_id(),
        summary=row.summary(case),
        indicator=row.indicator,
        source=_source(case, row.topic),
        detail=row.detail(case),
        suggestions=row.offers(case) if row.offers else (),
        selection_behavior=case.profile.selection_behavior,
        override_reasons=case.advice.override_reasons if row.may_be_overridden else (),
        links=_links(case.advice),
    )


def _source(case: Case, topic: Topic) -> Source:
    source = case.advice.source
    return Source(wording.SERVICE_NAME, source.topic_url or source.page_url, case.profile.topic(topic))


def _links(advice: Advice) -> tuple[Link, ...]:
    """Our pages, then the publisher's; each page once."""
    source = advice.source
    own = [Link(wording.variant_link(o.variant), o.page_url) for o in advice.opinions]
    publisher = Link(wording.publisher_link(plain(source.publisher)), source.source_url)
    pages = (*(own or [Link(wording.page_link(source.variants), source.page_url)]), publisher)
    first_by_url = {page.url: page for page in reversed(pages) if page.url}
    return tuple(page for page in pages if first_by_url.get(page.url) is page)

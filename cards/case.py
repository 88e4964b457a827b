"""One advice, told to one client: what the summary, the detail and the suggestions of a card share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from cards import wording
from cards.advice import Advice, RatedStudy
from cards.edits import local_reference
from cards.escaping import chart_text, plain
from cards.profiles import Profile
from cards.vocabulary import Band, Rating, Verdict


@dataclass(frozen=True)
class Case:
    """`new_id` gives a fresh lower-case version 4 UUID at every call."""

    advice: Advice
    profile: Profile
    new_id: Callable[[], str]

    @cached_property
    def band(self) -> Band | None:
        """The ordered study's band, when it has one rating."""
        rating = self.advice.ordered.rating if self.advice.ordered else None
        return rating.band if rating else None

    @cached_property
    def title(self) -> str:
        """How summaries and labels name the ordered study: it may be the order's own text."""
        return plain(self.advice.ordered_title) or wording.THIS_ORDER

    @cached_property
    def markdown_title(self) -> str:
        """The same name for the detail."""
        return chart_text(self.advice.ordered_title) or wording.THIS_ORDER

    @cached_property
    def can_be_changed(self) -> bool:
        """A draft without an id cannot be pointed at, so nothing about it goes in one click."""
        return bool(local_reference(self.advice.order))

    @property
    def writes_reasons(self) -> bool:
        """True when an answer or an indication can be written on the draft in one click."""
        return self.profile.writes_reasons and self.can_be_changed

    @cached_property
    def _rated(self) -> tuple[RatedStudy, ...]:
        undetermined = self.advice.verdict is Verdict.UNDETERMINED
        return self.advice.always_usual if undetermined else self.advice.better

    @cached_property
    def ranked(self) -> tuple[RatedStudy, ...]:
        """The better studies that are open to this patient, best first."""
        return tuple(study for study in self._rated if not study.withdrawn and not study.done)

    @cached_property
    def done(self) -> tuple[RatedStudy, ...]:
        """Better studies that were done lately: said, not suggested."""
        return tuple(study for study in self._rated if study.done)

    @property
    def leads_with_study(self) -> bool:
        """True when no answer makes the ordered study usually appropriate, and another one always is."""
        open_order = self.advice.verdict is Verdict.UNDETERMINED and bool(self.advice.asks)
        never_usual = self.advice.best_case is not Rating.USUALLY_APPROPRIATE
        return open_order and never_usual and self.best is not None and not self.best_is_drafted

    @cached_property
    def withheld(self) -> tuple[RatedStudy, ...]:
        """Better studies that this patient's cautions withdraw: named with the reason, never offered."""
        return tuple(study for study in self._rated if study.withdrawn)

    @cached_property
    def beside(self) -> tuple[RatedStudy, ...]:
        """Options beside a cautioned study that are not ranked already."""
        ranked = {study.study.id for study in self.ranked}
        options = (study for study in self.advice.beside if study.study.id not in ranked)
        return tuple(study for study in options if not study.withdrawn)

    @cached_property
    def drafted(self) -> tuple[RatedStudy, ...]:
        """Better studies, and options beside, that are on another draft of this session already."""
        options = (*self.ranked, *self.beside)
        return tuple(study for study in options if study.study.id in self.advice.already_drafted)

    @cached_property
    def offered(self) -> tuple[RatedStudy, ...]:
        """Studies to offer in one click: the better ones, then the options beside a cautioned one.

        What ranks below one that is drafted already would only add a study, so the list ends there.
        """
        if not self.can_be_changed:
            return ()
        place = next((place for place, study in enumerate(self.ranked) if study in self.drafted), None)
        limit = self.profile.alternatives
        leading = _writable(s for s in self.ranked[:place] if s not in self.offered_elsewhere)[:limit]
        if place is not None or (leading and limit == 1):
            return leading
        taken = {*(study.study.id for study in leading), *self.advice.already_drafted}
        options = _writable(study for study in self.advice.beside if study.study.id not in taken)
        return (*leading, *[study for study in options if not study.withdrawn][:limit])

    @cached_property
    def offered_elsewhere(self) -> tuple[RatedStudy, ...]:
        """Better studies that the card of another order offers: taken twice, they would be done twice."""
        return tuple(study for study in self.ranked if study.study.id in self.advice.offered_elsewhere)

    @property
    def best(self) -> RatedStudy | None:
        """The study that the card leads with."""
        return self.ranked[0] if self.ranked else None

    @property
    def best_is_drafted(self) -> bool:
        """True when the other draft is the one to keep."""
        return self.best is not None and self.best in self.drafted

    @property
    def best_is_usual(self) -> bool:
        """A lesser study is an option, not a recommendation."""
        return self.best is not None and self.best.rating is Rating.USUALLY_APPROPRIATE

    @property
    def withdrawn(self) -> bool:
        """True when a caution speaks against the ordered study itself."""
        return any(caution.withdraws for caution in self.advice.cautions)

    @property
    def instead(self) -> RatedStudy | None:
        """For a cautioned order: the first other option that is not drafted yet."""
        options = (*self.ranked, *self.beside)
        return next((study for study in options if study not in self.drafted), None)

    def recommends(self, study: RatedStudy) -> bool:
        """True for the first offer if it is usually appropriate and better than what is ordered.

        A question recommends nothing: it asks. Beside a study that is merely cautioned there are options.
        """
        asking = self.advice.verdict is Verdict.UNDETERMINED
        usual = study.rating is Rating.USUALLY_APPROPRIATE
        better = study in self.ranked or self.withdrawn
        return not asking and usual and better and study == self.offered[0]


def _writable(studies: Iterable[RatedStudy]) -> tuple[RatedStudy, ...]:
    """Those with exact codes of ours."""
    return tuple(study for study in studies if study.study.codings)

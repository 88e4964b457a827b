"""Every sentence a clinician reads that is neither a summary nor guideline content.

Titles, facts and rationales come in escaped for where the sentence stands: Markdown in the detail,
plain text on buttons and links.
"""

from collections.abc import Iterable, Sequence

from cards.advice import Radiation, RatedStudy, Reference
from cards.vocabulary import Band, Rating

SERVICE_NAME = "Liver Lesion CDS"

RECORD_RATING = "Record the appropriateness rating on the order"
REMOVE_RATING = "Remove an appropriateness rating that no longer holds"

THIS_PATIENT = "**This patient**"
RATED_HIGHER = "**Rated higher for this patient**"
ALWAYS_USUAL = "**Usually appropriate in every case that the criteria cover**"
NEXT_STEPS = "**What comes next, by what the MRI showed**"
DISCUSS = "**Discuss with radiology.**"
DECIDE = "**Decide which criterion fits.**"
WHERE_COVERED = "usually appropriate where criteria apply"
ONE_CLICK = "**Answer what you know:** one click writes it on the order as a reason."
SAY_WHICH = "**Say which study is meant:** the order's code and words leave it open."
MAY_MEAN = "**The order may mean**"
NOT_RATED = "not rated for this patient"
BY_HAND = "**Settle what you can:** write one of these, as it stands, in the order's reason."
THIS_ORDER = "this order"
THE_LESION = "Liver lesion"
UNREVIEWED = "Not yet reviewed for clinical use, which needs the publisher's licence."


# --- first lines ---------------------------------------------------------------------------------


def consider(title: str) -> str:
    """The first words of a card that has something better."""
    return f"**Consider {title} instead.**"


def discuss_or_consider(title: str) -> str:
    """The first words when nothing is usually appropriate."""
    return f"**Discuss with radiology, or consider {title}.**"


def already_drafted(title: str) -> str:
    """The first words when the better study is there already."""
    return f"**{title} is already drafted: this order may not be needed.**"


def standing(title: str, rated: RatedStudy | None) -> str:
    """ "FDG-PET/CT is usually not appropriate here (score 2 of 9, expert consensus, 10-30 mSv)." """
    if rated is None or rated.rating is None:
        return ""
    shown = basis(rated)
    return f"{title} {verb(rated.rating)} here{f' ({shown})' if shown else ''}."


def at_best_and_worst(title: str, best: Rating | None, worst: Rating | None, uncovered: bool) -> str:
    """How the ordered study fares over all answers. `uncovered`: for some, no criterion rates it."""
    if best is None or worst is None:
        return ""
    if best is worst:
        extent = " wherever a criterion rates it; for some answers none does" if uncovered else " in any case"
        return f"{title} {verb(best)}{extent}."
    gap = " For some answers no criterion rates it." if uncovered else ""
    return f"At best {title} {verb(best)}, at worst it {verb(worst)}.{gap}"


def disagreement(title: str) -> str:
    """What a conflict is about."""
    return f"Two criteria fit this patient and disagree on {title}:"


def after_mri(title: str) -> str:
    """The first words after an MRI without and with contrast."""
    return (
        f"**Decide from the MRI before ordering {title}.** "
        "An MRI without and with IV contrast has been done since the lesion was found, "
        "and the criteria cover only the first work-up."
    )


def add_indication(words: str) -> str:
    """The first words when the order gives no reason."""
    return f"**Add the indication: {words}.** The order gives no reason, and the radiologist needs one."


# --- lines ---------------------------------------------------------------------------------------


def verb(rating: Rating) -> str:
    """After a study's name: "is usually appropriate", "may be appropriate"."""
    return rating.words if rating.band is Band.MAY_BE else f"is {rating.words}"


def score_words(medians: tuple[int, ...]) -> str:
    """Panel medians as "score 8 of 9", or a range over the possible variants."""
    match medians:
        case ():
            return ""
        case (median,):
            return f"score {median} of 9"
        case _:
            return f"score {min(medians)} to {max(medians)} of 9"


def strength_words(strength: str) -> str:
    """ "Strong" is a strength of evidence; "Expert Consensus" stands in its place."""
    words = strength.lower().replace(" / ", " or ")
    return words if not words or "expert" in words else f"{words} evidence"


def radiation_words(radiation: Radiation | None) -> str:
    """The relative radiation level as a dose."""
    if radiation is None:
        return ""
    if radiation.level == "O":
        return "no radiation"
    return f"{radiation.dose} of radiation" if radiation.dose else "radiation dose varies"


def grade(study: RatedStudy) -> str:
    """For a button: "usually appropriate, no radiation"."""
    return joined(study.rating.words if study.rating else "", radiation_words(study.radiation))


def full_grade(study: RatedStudy) -> str:
    """For a line of the card: the grade with score and evidence."""
    return joined(study.rating.words if study.rating else "", basis(study))


def basis(study: RatedStudy) -> str:
    """What a rating rests on: "score 8 of 9, strong evidence, no radiation"."""
    return joined(
        score_words(study.medians), strength_words(study.strength), radiation_words(study.radiation)
    )


def not_known(what: Sequence[str]) -> str:
    """Facts that could not be settled."""
    return f"Not known: {'; '.join(what)}"


def consider_or_answer(title: str) -> str:
    """The first words when no answer makes the ordered study usually appropriate."""
    return f"**Consider {title} instead**, whatever the answers are."


def done(titles: Sequence[str]) -> str:
    """Better studies that were done lately."""
    return f"Done already: {'; '.join(titles)}." if titles else ""


def offered_elsewhere(titles: Sequence[str]) -> str:
    """Better studies that another card of the same answer offers."""
    return f"Offered with the other order: {'; '.join(titles)}." if titles else ""


def also(titles: Sequence[str]) -> str:
    """Better studies that are not offered."""
    return f"Also: {'; '.join(titles)}." if titles else ""


def drafted(titles: Sequence[str]) -> str:
    """Better studies that are among the drafts."""
    return f"Already drafted: {'; '.join(titles)}." if titles else ""


def leads_to(label: str, outcome: str) -> str:
    """What one answer makes of the ordered study."""
    return f"{label}: {outcome or 'more to answer'}."


def taken_from(articles: Iterable[str]) -> str:
    """Where the next steps come from."""
    named = "; ".join(articles)
    return f"From: {named}" if named else ""


def origin(source: Reference) -> str:
    """Publisher, topic and edition."""
    return joined(source.publisher, source.topic_title, source.edition)


def opinion(title: str, number: int, rating: Rating, median: int) -> str:
    """One side of a conflict."""
    return f"{title} (variant {number}): **{rating.words}**, {score_words((median,))}"


def variants(numbered: Sequence[tuple[int, str]]) -> str:
    """ "variant 6: lesion under 1 cm ...", or the numbers alone when there are several."""
    match numbered:
        case []:
            return ""
        case [(number, title)]:
            return f"variant {number}: {title[:1].lower()}{title[1:]}"
        case _:
            numbers = [str(number) for number, _ in numbered]
            return f"variants {', '.join(numbers[:-1])} and {numbers[-1]}"


def joined(*parts: str) -> str:
    """What there is, with commas."""
    return ", ".join(filter(None, parts))


# --- buttons and links ---------------------------------------------------------------------------


def change_to(title: str, grade_words: str) -> str:
    """The label of a replacement."""
    return f"Change to {graded(title, grade_words)}"


def replaced(ordered: str, title: str) -> str:
    """What a replacement does."""
    return f"Replace {ordered} with {title}"


def order_new(title: str, grade_words: str) -> str:
    """What a new order does, for clients that show the action and not the label."""
    return f"Order {graded(title, grade_words)}"


def remove(title: str) -> str:
    """The drafted study goes."""
    return f"Remove the drafted order: {title}"


def reason_added(text: str) -> str:
    """What an answer or an indication does to the order."""
    return f"Add to the order's reasons: {text}"


def variant_link(number: int) -> str:
    """Our page of a variant."""
    return f"All ratings of variant {number}"


def page_link(numbered: Sequence[tuple[int, str]]) -> str:
    """Our page: of the variant when there is one, else of the topic."""
    return variant_link(numbered[0][0]) if len(numbered) == 1 else "All ratings of this topic"


def publisher_link(publisher: str) -> str:
    """The publisher's own page."""
    return f"Source: {publisher}"


def graded(title: str, grade_words: str) -> str:
    """A title with what is known of it."""
    return f"{title} ({grade_words})" if grade_words else title

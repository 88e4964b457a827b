"""The one line of a card that is always read: what to do, and which ordered study it is about.

Plain text of at most 139 characters. Each has shorter forms for long titles; titles are capped at 80
characters before, so that the shortest form of each always fits.
"""

from cards.case import Case
from cards.escaping import plain, shortened, units
from cards.vocabulary import Rating

LIMIT = 139  # the standard says "less than 140"


def usually_not(case: Case) -> str:
    """Usually not appropriate: what instead."""
    ordered, best = case.title, _best(case)
    if case.best is None:
        return _first_that_fits(f"Discuss with radiology: {ordered} is usually not appropriate here")
    if case.best_is_drafted:
        return _drafted(ordered, best)
    if not case.best_is_usual:
        return _first_that_fits(
            f"Discuss with radiology, or consider {best}: {ordered} is usually not appropriate here",
            f"Discuss with radiology: {ordered} is usually not appropriate here",
        )
    return _first_that_fits(
        f"Consider {best} instead: {ordered} is usually not appropriate here",
        f"Consider {best}: {ordered} is usually not appropriate here",
        f"Consider {best}: {ordered} is usually not appropriate",
        f"Consider a better study: {ordered} is usually not appropriate here",
    )


def outranked(case: Case) -> str:
    """May be appropriate, and something better is open to this patient."""
    ordered, best = case.title, _best(case)
    if case.best_is_drafted:
        return _drafted(ordered, best)
    return _first_that_fits(
        f"Consider {best}: it is rated higher here than {ordered}",
        f"Consider a study rated higher here than {ordered}",
    )


def open_questions(case: Case) -> str:
    """The rating depends on what is not known."""
    ordered, asks = case.title, case.advice.asks
    if not asks:
        return _first_that_fits(
            f"Say which study {ordered} is: the possible ones are rated differently here",
            f"Say which study {ordered} is",
        )
    if case.leads_with_study:
        counted = "one answer" if len(asks) == 1 else f"{len(asks)} answers"
        return _first_that_fits(
            f"Consider {_best(case)}: {ordered} depends on {counted}, and is never usually appropriate here",
            f"Consider {_best(case)}: {ordered} depends on {counted}",
            f"Answer {len(asks)} question(s) to rate {ordered}",
        )
    if len(asks) != 1:
        return _first_that_fits(f"Answer {len(asks)} questions to rate {ordered}")
    return _first_that_fits(
        f"To rate {ordered}, answer: {plain(asks[0].wording, LIMIT)}",
        f"Answer one question to rate {ordered}",
    )


def conflict(case: Case) -> str:
    """Two variants hold and disagree; a study that both rate higher settles it."""
    ordered = case.title
    decide = (
        f"Decide which criterion fits: two apply and disagree on {ordered}",
        f"Two criteria disagree on {ordered}",
    )
    settled = case.best is not None and not case.best_is_drafted
    consider = (f"Consider {_best(case)}: two criteria disagree on {ordered}",) if settled else ()
    return _first_that_fits(*consider, *decide)


def after_mri(case: Case) -> str:
    """The lesion has had its contrast MRI."""
    return _first_that_fits(
        f"Check the result of the MRI already done: {case.title} may not be the next step",
        f"Check the MRI already done: {case.title} may not be next",
    )


def missing_indication(case: Case) -> str:
    """The right study, but the order does not say why."""
    return _first_that_fits(f"Add the indication to {case.title}: the order gives no reason")


def cautioned(case: Case) -> str:
    """The ordered study is well rated, and something of this patient comes before it."""
    ordered, caution = case.title, case.advice.cautions[0]
    finding, first = plain(caution.finding, LIMIT), plain(caution.first, LIMIT)
    if case.withdrawn:
        return _withdrawn(case, ordered, finding)
    aged = f"{finding}, {caution.age}" if caution.age and not caution.said else finding
    return _first_that_fits(
        f"{first} before {ordered}: {aged}",
        f"{first} before {ordered}: {finding}",
        f"{first} before {ordered}",
        f"Caution before {ordered}",
    )


def _withdrawn(case: Case, ordered: str, finding: str) -> str:
    instead = case.instead
    usual = instead is not None and instead.rating is Rating.USUALLY_APPROPRIATE
    consider = (
        (f"Consider {instead.study.plain_title}, not {ordered}: {finding}",) if instead and usual else ()
    )
    return _first_that_fits(
        *consider,
        f"Discuss with radiology instead of {ordered}: {finding}",
        f"Discuss with radiology before {ordered}",
    )


def _drafted(ordered: str, better: str) -> str:
    return _first_that_fits(
        f"Reconsider {ordered}: {better} is already drafted and rated higher here",
        f"Reconsider {ordered}: a better study is already drafted",
    )


def _best(case: Case) -> str:
    return case.best.study.plain_title if case.best else ""


def _first_that_fits(*forms: str) -> str:
    """Forms from the best to the shortest."""
    fitting = (form for form in forms if units(form) <= LIMIT)
    return next(fitting, shortened(forms[-1], LIMIT))

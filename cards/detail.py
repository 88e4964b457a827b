"""The Markdown of a card: what to do, this patient's facts, the studies, what it rests on.

A panel is an eighth of a screen: one lead paragraph, short lists, nothing twice.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from cards import caution_wording, wording
from cards.advice import Advice, Answer, Ask, Caution, FactLine, Opinion, RatedStudy, Reference, Step
from cards.case import Case
from cards.escaping import chart_text, content_text
from cards.suggestions import indication_words
from cards.vocabulary import Rating, Verdict

SHOWN_STUDIES = 3


def better_detail(case: Case) -> str:
    """Usually not appropriate, or outranked: what instead, and why."""
    ordered = case.advice.ordered
    lead = (_instead(case), wording.standing(case.markdown_title, ordered), _rationale(ordered))
    return _page(
        case.advice,
        [_sentences(*lead), _cautions(case)],
        _studies(wording.RATED_HIGHER, case),
        *_others(case),
    )


def caution_detail(case: Case) -> str:
    """The ordered study is well rated, but something of this patient bears on it."""
    ordered = case.advice.ordered
    standing = _spread(case) if case.advice.verdict is Verdict.UNDETERMINED else ""
    standing = standing or wording.standing(case.markdown_title, ordered)
    if case.withdrawn:
        standing = caution_wording.withdrawn(case.markdown_title, ordered)
    lead = [_sentences(_before(case), standing), _list(_caution_lines(case.advice.cautions))]
    return _page(case.advice, lead, _studies(wording.ALWAYS_USUAL, case), *_others(case))


def question_detail(case: Case) -> str:
    """What is not known, and what each answer leads to."""
    advice = case.advice
    first = wording.ONE_CLICK if case.writes_reasons else wording.BY_HAND
    opening = first if advice.asks else wording.SAY_WHICH
    if case.leads_with_study and case.best:
        opening = _sentences(wording.consider_or_answer(case.best.study.markdown_title), opening)
    shown = _ask if case.writes_reasons else _ask_by_hand
    meant = _headed(wording.MAY_MEAN, [_may_mean(study) for study in advice.may_mean])
    lead = [
        _sentences(opening, _spread(case) if advice.asks else ""),
        _list(shown(ask) for ask in advice.asks),
        meant,
    ]
    lead.append(_cautions(case))
    return _page(advice, lead, _studies(wording.ALWAYS_USUAL, case), *_others(case))


def conflict_detail(case: Case) -> str:
    """Both variants side by side."""
    opinions = _list(_opinion(opinion) for opinion in case.advice.opinions)
    first = wording.DECIDE if case.best is None else _instead(case)
    lead = [_sentences(first, wording.disagreement(_ordered(case))), opinions, _cautions(case)]
    return _page(case.advice, lead, _studies(wording.RATED_HIGHER, case), *_others(case))


def after_mri_detail(case: Case) -> str:
    """What an article says comes next."""
    steps = case.advice.next_steps
    listed = _headed(wording.NEXT_STEPS, [_step(step) for step in steps])
    articles = dict.fromkeys(content_text(step.source) for step in steps)
    return _page(case.advice, [wording.after_mri(case.markdown_title)], listed, wording.taken_from(articles))


def indication_detail(case: Case) -> str:
    """Which reason is missing."""
    words = content_text(indication_words(case.advice.indication or {}))
    lead = (wording.add_indication(words), wording.standing(case.markdown_title, case.advice.ordered))
    return _page(case.advice, [_sentences(*lead)])


def _page(advice: Advice, lead: Sequence[str], *blocks: str) -> str:
    remarks = _sentences(*(chart_text(remark, 200) for remark in advice.remarks))
    parts = (*lead, _facts(advice), remarks, *blocks, _foot(advice.source))
    return "\n\n".join(filter(None, parts))


def _instead(case: Case) -> str:
    if case.best is None:
        return wording.DISCUSS
    title = case.best.study.markdown_title
    if case.best_is_drafted:
        return wording.already_drafted(title)
    if not case.best_is_usual:
        return wording.discuss_or_consider(title)
    cautions = case.best.cautions
    return (
        caution_wording.consider_after(title, content_text(cautions[0].first))
        if cautions
        else wording.consider(title)
    )


def _before(case: Case) -> str:
    """What to do first about a cautioned order: change it, talk, or prepare."""
    instead = case.instead
    if not case.withdrawn:
        return caution_wording.before_ordering(content_text(case.advice.cautions[0].first))
    if instead is None:
        return wording.DISCUSS
    title = instead.study.markdown_title
    usual = instead.rating is Rating.USUALLY_APPROPRIATE
    return wording.consider(title) if usual else wording.discuss_or_consider(title)


def _cautions(case: Case) -> str:
    """What bears on the ordered study and on the one that the card leads with."""
    blocks = [(case.markdown_title, case.advice.cautions)]
    if case.best is not None:
        blocks.append((case.best.study.markdown_title, case.best.cautions))
    headed = (
        _headed(caution_wording.cautions_about(title), _caution_lines(found)) for title, found in blocks
    )
    return "\n\n".join(filter(None, headed))


def _caution_lines(cautions: Sequence[Caution]) -> list[str]:
    """One line per thing to do; findings that call for the same share it."""
    findings: dict[str, list[str]] = {}
    for caution in cautions:
        findings.setdefault(content_text(caution.advice), []).append(_finding(caution))
    return [caution_wording.caution(found, advice) for advice, found in findings.items()]


def _finding(caution: Caution) -> str:
    said = f"“{chart_text(caution.said)}”" if caution.said else ""
    grounds = (said, chart_text(caution.source), chart_text(caution.date), chart_text(caution.age))
    return caution_wording.found(content_text(caution.finding), wording.joined(*grounds))


def _others(case: Case) -> tuple[str, str]:
    """Options beside a cautioned study, and what would be better but for this patient's cautions."""
    options = [_study(study) for study in case.beside if study not in case.drafted]
    withheld = [_withheld(study) for study in case.withheld]
    return _headed(caution_wording.BESIDE, options), _headed(caution_wording.WITHHELD, withheld)


def _withheld(study: RatedStudy) -> str:
    why = [_finding(caution) for caution in study.cautions if caution.withdraws]
    return caution_wording.withheld(study.study.markdown_title, study.rating, why)


def _ordered(case: Case) -> str:
    """The ordered study and its radiation, for sentences that give it no rating."""
    ordered = case.advice.ordered
    return wording.graded(
        case.markdown_title, wording.radiation_words(ordered.radiation if ordered else None)
    )


def _spread(case: Case) -> str:
    advice = case.advice
    return wording.at_best_and_worst(_ordered(case), advice.best_case, advice.worst_case, advice.uncovered)


def _rationale(study: RatedStudy | None) -> str:
    return study.markdown_rationale if study else ""


def _facts(advice: Advice) -> str:
    unknown = [chart_text(what, 240) for what in advice.unknown]
    lines = [*map(_fact, advice.facts), *([wording.not_known(unknown)] if unknown else [])]
    return _headed(wording.THIS_PATIENT, lines)


def _fact(fact: FactLine) -> str:
    said = f"“{chart_text(fact.said)}”" if fact.said and fact.said != fact.value else ""
    origin = wording.joined(chart_text(fact.source), chart_text(fact.date))
    shown = wording.joined(chart_text(fact.value), said)
    return f"{content_text(fact.label)}: {shown}{f' ({origin})' if origin else ''}"


def _studies(heading: str, case: Case) -> str:
    undrafted = [study for study in case.ranked if study not in case.drafted]
    shown, rest = undrafted[:SHOWN_STUDIES], undrafted[SHOWN_STUDIES:]
    done = [_done(study) for study in case.done]
    further = [
        wording.drafted(_titles(case.drafted)),
        wording.done(done),
        wording.offered_elsewhere(_titles(case.offered_elsewhere)),
        wording.also([_cautioned_title(s) for s in rest]),
    ]
    lines = [_study(study, told=study == case.best) for study in shown]
    return _headed(heading, [*lines, *filter(None, further)])


def _done(study: RatedStudy) -> str:
    return wording.graded(study.study.markdown_title, chart_text(study.done))


def _titles(studies: Iterable[RatedStudy]) -> list[str]:
    return [study.study.markdown_title for study in studies]


def _study(study: RatedStudy, told: bool = False) -> str:
    """`told`: its cautions stand on the card already."""
    grade = wording.full_grade(study)
    title = study.study.markdown_title
    cautioned = (
        ""
        if told
        else caution_wording.capitalised(content_text(caution_wording.caution_words(study.cautions)))
    )
    warned = f"{cautioned}." if cautioned else ""
    return _sentences(f"{title}: {grade}." if grade else f"{title}.", _rationale(study), warned)


def _cautioned_title(study: RatedStudy) -> str:
    cautioned = content_text(caution_wording.caution_words(study.cautions))
    return wording.graded(study.study.markdown_title, cautioned)


def _may_mean(study: RatedStudy) -> str:
    return f"{_cautioned_title(study)}: {wording.full_grade(study) or wording.NOT_RATED}."


def _ask(ask: Ask) -> str:
    told = any(answer.leads_to for answer in ask.answers)
    return _sentences(f"**{content_text(ask.wording)}**", *(map(_outcome, ask.answers) if told else ()))


def _ask_by_hand(ask: Ask) -> str:
    """Where nothing can be clicked, the words that are read back from the order's reason."""
    words = (f"“{content_text(answer.reason_text)}”" for answer in ask.answers)
    return _sentences(f"**{content_text(ask.wording)}**", " or ".join(words))


def _outcome(answer: Answer) -> str:
    return wording.leads_to(content_text(answer.label), content_text(answer.leads_to))


def _opinion(opinion: Opinion) -> str:
    title = content_text(opinion.variant_title)
    return wording.opinion(title, opinion.variant, opinion.rating, opinion.median)


def _step(step: Step) -> str:
    return f"**{content_text(step.finding)}:** {content_text(step.advice)}"


@lru_cache(maxsize=1_000)
def _foot(source: Reference) -> str:
    """Unreviewed content has no licence for clinical use either; our page has the whole notice."""
    rests_on = content_text(wording.joined(wording.origin(source), wording.variants(source.variants)))
    notice = wording.UNREVIEWED if source.unreviewed else content_text(source.licence_notice)
    return _sentences(f"{rests_on}.", notice)


def _headed(heading: str, lines: Sequence[str]) -> str:
    return f"{heading}\n\n{_list(lines)}" if lines else ""


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _sentences(*parts: str) -> str:
    return " ".join(filter(None, parts))

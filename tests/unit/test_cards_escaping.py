"""Outside text: whatever stands in a chart, a card shows it as words and nothing else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cards.escaping import chart_text, content_text, plain, shortened, units

GFM = MarkdownIt("gfm-like", {"linkify": True, "html": True})
MARKUP = re.compile(r"<[a-z!/]", re.IGNORECASE)
ADDRESS = re.compile(r"://|www\.|\S@\S|[a-z]\.(?:com|org|de|example)\b", re.IGNORECASE)

ATTACKS = (
    "[Renew licence](https://evil.example/x)",
    "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x&#62;",
    "<https://evil.example>",
    "https://evil.example/a?b=c",
    "see www.evil.example now",
    "ftp://evil.example",
    "//evil.example/x",
    "mail a@evil.example",
    "mailto:a@evil.example",
    "xmpp:a@evil.example/room",
    "evil.com is open",
    "www.",
    "[a]: https://evil.example\n[a]",
    "| a | b |\n|---|---|\n| c | d |",
    "# heading\n\n---\n\n> quote\n\n```\ncode\n```",
    "1. one\n2. two",
    "- [ ] task",
    "*a* **b** _c_ ~~d~~ `e` <!-- f -->",
    "a\\",
    "\\<b>",
    "\u202egnp.exe\u202c \u200bhidden\ufeff",
    "a\x00b\x1b[31m\r\nc",
    "\ud800 half a character",
    "x" * 5000,
    "javascript:alert(1)",
    "footnote[^1]\n\n[^1]: text",
    "line\\\nbreak  \nend",
)
OUTSIDE = st.one_of(
    st.text(max_size=120),
    st.text(alphabet="<>&[]()!*_`~|#-+=:./@\\\"' \n\t0aw1", max_size=60),
    st.lists(
        st.sampled_from([*ATTACKS, "http", "://", "www.", "evil.com", "@", "8 mm", " "]), max_size=4
    ).map("".join),
)


def shown(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def as_paragraph(markdown: str) -> str:
    html = str(GFM.render(markdown)).strip()
    return html.removeprefix("<p>").removesuffix("</p>")


@given(OUTSIDE)
@example("8. May")
def test_chart_text_is_words_only(text: str) -> None:
    escaped = chart_text(text)
    for place in (escaped, f"a {escaped} b"):
        assert not MARKUP.search(as_paragraph(place))


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_shown_as_words(attack: str) -> None:
    for form in (chart_text(attack, 300), content_text(attack), plain(attack, 300)):
        html = as_paragraph(f"x {form}")
        assert "<a" not in html
        assert "<img" not in html
        assert "<script" not in html
        assert "<t" not in html


@given(OUTSIDE)
def test_no_address_is_left_for_a_client_to_find(text: str) -> None:
    for form in (chart_text(text, 300), content_text(text), plain(text, 300)):
        assert not ADDRESS.search(shown(as_paragraph(f"x {form}")))


@given(OUTSIDE)
def test_every_form_is_one_line_of_visible_characters(text: str) -> None:
    for form in (chart_text(text), content_text(text), plain(text)):
        assert form.isprintable()
        assert form == form.strip()
        assert "  " not in form


@given(OUTSIDE, st.integers(2, 200))
def test_limits_are_of_what_is_read(text: str, limit: int) -> None:
    assert units(plain(text, limit)) <= limit
    assert units(shortened(text, limit)) <= limit


@given(st.text(alphabet="abcdefgh 0123456789", max_size=70))
def test_plain_words_stay_as_they_are(text: str) -> None:
    words = " ".join(text.split())
    assert chart_text(text) == content_text(text) == plain(text) == words


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("8.5 mm", "8.5 mm"),
        ("2026-05-20", "2026-05-20"),
        ("Lung cancer, s/p lobectomy", "Lung cancer, s/p lobectomy"),
        ("T2-weighted", "T2-weighted"),
        ("<10 mm", "&lt;10 mm"),
        ("a|b", "a\\|b"),
        ("8. May", "8\\. May"),
        ("see www.x.org", "see www \\.x\\. org"),
    ],
)
def test_clinical_text_stays_readable(text: str, escaped: str) -> None:
    assert chart_text(text) == escaped


def test_long_text_ends_at_a_word_with_an_ellipsis() -> None:
    assert shortened("a hypoechoic lesion in segment seven", 25) == "a hypoechoic lesion in…"
    assert shortened("x" * 30, 10) == "x" * 9 + "…"


def test_a_cut_never_splits_a_character() -> None:
    assert shortened("😀" * 10, 7) == "😀😀😀…"
    assert units("😀a") == 3

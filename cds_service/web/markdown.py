"""A card's detail as HTML: GitHub-flavoured Markdown, as EHRs render it, without HTML and without images."""

from collections.abc import Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup


def _link_open(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A link leads away from the page and says nothing of where it came from."""
    tokens[index].attrSet("rel", "noreferrer")
    rendered: str = self.renderToken(tokens, index, options, env)
    return rendered


_RENDERER: Final = MarkdownIt("gfm-like", {"html": False}).disable("image")
_RENDERER.add_render_rule("link_open", _link_open)


def rendered(markdown: str) -> Markup:
    """Safe HTML: what is markup in the text stays text."""
    return Markup(_RENDERER.render(markdown))  # noqa: S704 - made here, with HTML switched off

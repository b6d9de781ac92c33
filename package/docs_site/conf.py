"""Settings of Sphinx, which reads this module; `package/docs_site/__main__.py` starts it."""

from __future__ import annotations

from typing import Any

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text

project = "vt-connectors"
extensions = ["myst_parser"]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
# The site can be read from a folder, without a server, where a page may not fetch others.
html_show_search_summary = False
html_theme_options = {"navigation_with_keys": True}
# Headings are targets of links, with the names that Git hosts give them.
myst_heading_anchors = 4
# Shown documents are shortened: `...` stands for what is left out, which is no JSON.
suppress_warnings = ["misc.highlighting_failure"]


class SplLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Splunk's search language, as far as the pages show it."""

    name = "SPL"
    aliases = ("spl",)
    tokens = {  # noqa: RUF012  # as Pygments declares it
        "root": [
            (r"```.*?```", Comment),
            (r'"(?:\\.|[^"\\])*"', String),
            (r"(\|\s*)([a-z]\w*)", Keyword),
            (words(("AND", "OR", "NOT", "IN", "BY", "by", "as", "AS", "OUTPUT"), suffix=r"\b"), Operator.Word),
            (r"`[^`]*`", Name.Function),
            (r"[A-Za-z_]\w*(?==)", Name.Attribute),
            (r"\b\d+[smhdw]?\b", Number),
            (r"\w+", Text),
            (r"\s+|.", Text),
        ]
    }


def setup(app: Any) -> None:
    """What Sphinx calls once."""
    app.add_lexer("spl", SplLexer)

"""Ratios and their goals as SVG: one bar per figure, whose length is relative to its goal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.figures import Figure

_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 980, 24, 64, 560, 96
# The longest bar; the number shows a larger ratio.
_LONGEST = 2.0
_STYLE = """
  .back { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e }
  .met { fill: #3f9e5f } .missed { fill: #c4314b } .goal { stroke: #1f2328; stroke-width: 1.5 }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 } .end { text-anchor: end }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .goal { stroke: #e6edf3 }
    .missed { fill: #ff7b8a }
  }
"""


def draw(figures: Sequence[Figure]) -> str:
    """The line in the middle is the goal; a bar that reaches it has met its goal, whether more or less is better."""
    height = _TOP + _ROW * len(figures) + 16
    goal_x = _LEFT + _length(1.0)
    parts = [
        '<text class="ink title" x="16" y="26">Each figure beside its goal</text>',
        '<text class="soft" x="16" y="46">a bar that reaches the line has met it; the number is the ratio</text>',
        *(part for place, figure in enumerate(figures) for part in _bar(figure, _TOP + place * _ROW)),
        f'<path class="goal" d="M{goal_x:.1f} {_TOP - 8}V{height - 8}"/>',
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        f"<title>Measured ratios beside their goals</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="back" width="{_WIDTH}" height="{height}"/>\n{body}\n</svg>\n'
    )


def _bar(figure: Figure, y: int) -> list[str]:
    length = _length(_reached(figure))
    kind = "met" if figure.is_met else "missed"
    sign = {"at least": "≥", "at most": "≤", "exactly": "="}[figure.bound]
    told = f"{figure.ratio:.2f} ({sign} {figure.goal:g})"
    return [
        f'<text class="ink end" x="{_LEFT - 10}" y="{y + 13}">{escape(_short(figure.what))}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y + 2}" width="{length:.1f}" height="14" rx="2"/>',
        f'<text class="soft" x="{_LEFT + length + 6:.1f}" y="{y + 13}">{escape(told)}</text>',
    ]


def _reached(figure: Figure) -> float:
    """The ratio relative to the goal: 1.0 is the goal, more is better."""
    if figure.bound == "exactly":
        return 1.0 if figure.is_met else 0.5
    if figure.bound == "at least":
        return figure.ratio / figure.goal
    return figure.goal / figure.ratio if figure.ratio else _LONGEST


def _length(reached: float) -> float:
    return min(reached, _LONGEST) / _LONGEST * (_WIDTH - _LEFT - _RIGHT - 40)


def _short(text: str, most: int = 84) -> str:
    plain = text.replace("`", "")
    return plain if len(plain) <= most else plain[: most - 1] + "…"

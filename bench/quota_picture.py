"""Requests over time as SVG: a dot for each request, a colour for each process, and the limit. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from html import escape
from typing import Any

LIMIT, WINDOW_S = 4, 60.0
_WIDTH, _HEIGHT = 860, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 20, 84, 44
# The distance from the numbers on the left to the first request.
_INDENT = 16
# Medium tones, distinguishable on white and on black; each dot also contains the number of its process.
_COLORS = ("#d1495b", "#2e86ab", "#3f9e5f", "#b0791a", "#8a63d2", "#1f9aa0", "#c2569b", "#6f7d8c")
_STYLE = """
  .back { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d9dee3 }
  .steps { stroke: #3d444d; fill: none; stroke-width: 1.5 }
  .allowed { stroke: #f3b0ba; fill: none; stroke-width: 6 } .limit { fill: #c4314b }
  text { font: 13px system-ui, sans-serif } .small { font-size: 12px } .title { font-size: 16px; font-weight: 600 }
  .number { font-size: 10px; font-weight: 700; fill: #ffffff; text-anchor: middle }
  .middle { text-anchor: middle } .end { text-anchor: end }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #2a313a }
    .steps { stroke: #d1d9e0 } .allowed { stroke: #7d2a38 } .limit { fill: #ff7b8a }
  }
"""


def most_in_a_window(arrivals: Sequence[float]) -> int:
    """The most requests in any window; `arrivals` are seconds, in order."""
    return max((index + 1 - bisect_right(arrivals, at - WINDOW_S) for index, at in enumerate(arrivals)), default=0)


def draw(figures: dict[str, Any]) -> str:
    """The SVG for a run's figures from `plot_quota.measure`."""
    times = [entry["at_s"] for entry in figures["arrivals"]]
    scale = _Scale(times[-1] * 1.04, len(times) + LIMIT)
    parts = [
        *_words(figures),
        *_axes(scale),
        f'<path class="allowed" d="{_staircase(_allowed(times), scale)}"/>',
        f'<path class="steps" d="{_staircase([(at, count + 1) for count, at in enumerate(times)], scale)}"/>',
        *_dots(figures["arrivals"], scale),
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">\n'
        f"<title>{escape(_title(figures))}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>\n{body}\n</svg>\n'
    )


class _Scale:
    """Maps seconds and requests to positions in the picture."""

    def __init__(self, seconds: float, count: int) -> None:
        self.seconds = seconds
        self.count = count

    def x(self, seconds: float) -> float:
        return round(_LEFT + _INDENT + seconds / self.seconds * (_WIDTH - _LEFT - _INDENT - _RIGHT), 1)

    def y(self, count: float) -> float:
        return round(_HEIGHT - _BOTTOM - count / self.count * (_HEIGHT - _TOP - _BOTTOM), 1)


def _allowed(times: Sequence[float]) -> list[tuple[float, int]]:
    """The allowed number of requests at each time: those at least a window old, and `LIMIT` more."""
    return [(0.0, LIMIT), *((at + WINDOW_S, LIMIT + count + 1) for count, at in enumerate(times))]


def _staircase(steps: Sequence[tuple[float, int]], scale: _Scale) -> str:
    path = [f"M{scale.x(0)} {scale.y(0)}"]
    for at, count in steps:
        if at <= scale.seconds:
            path.append(f"H{scale.x(at)}V{scale.y(count)}")
    return " ".join([*path, f"H{scale.x(scale.seconds)}"])


def _dots(arrivals: Sequence[dict[str, Any]], scale: _Scale) -> list[str]:
    dots = []
    for count, entry in enumerate(arrivals, 1):
        x, y, color = scale.x(entry["at_s"]), scale.y(count), _COLORS[(entry["process"] - 1) % len(_COLORS)]
        dots.append(f'<circle cx="{x}" cy="{y}" r="6.5" fill="{color}"/>')
        dots.append(f'<text class="number" x="{x}" y="{y + 3.5:.1f}">{entry["process"]}</text>')
    return dots


def _axes(scale: _Scale) -> list[str]:
    parts = []
    for count in range(0, scale.count + 1, LIMIT):
        y = scale.y(count)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text class="soft small end" x="{_LEFT - 8}" y="{y + 4:.1f}">{count}</text>')
    for seconds in range(0, int(scale.seconds) + 1, int(WINDOW_S)):
        place = f'x="{scale.x(seconds)}" y="{_HEIGHT - _BOTTOM + 18}"'
        parts.append(f'<text class="soft small middle" {place}>{seconds} s</text>')
    return parts


def _title(figures: dict[str, Any]) -> str:
    return f"{figures['processes']} processes, one key: {figures['requests']} requests, {figures['refused']} refused"


def _words(figures: dict[str, Any]) -> list[str]:
    told = (
        f"{figures['questions']} questions for {figures['hashes']} hashes; the last request came after "
        f"{figures['seconds']:.1f} s, where {figures['least_seconds']:.0f} s are the least possible"
    )
    limit = f"red band: the most that {LIMIT} in any {WINDOW_S:.0f} s allow"
    return [
        _line("ink title", _LEFT, 26, _title(figures)),
        _line("soft", _LEFT, 46, told),
        _line("limit", _LEFT, 66, limit),
        _line("soft", _LEFT + 290, 66, "dots: requests, with the number of the process that made them"),
        _line("soft small end", _WIDTH - _RIGHT, _HEIGHT - 10, "seconds since the first request"),
    ]


def _line(kind: str, x: int, y: int, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'

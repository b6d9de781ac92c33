"""The picture of the quota is a real run's, and the page tells the run's figures."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

from bench.quota_picture import LIMIT, WINDOW_S, draw, most_in_a_window
from vt_connectors.quota.windows import PUBLIC, parse_quota

from .pages import PROJECT, in_code, page

FIGURES = json.loads((PROJECT / "docs/quota.json").read_text("utf-8"))
PICTURE = PROJECT / "docs/quota.svg"
PAGE = page("docs/quota.md")
TIMES = [arrival["at_s"] for arrival in FIGURES["arrivals"]]


def test_nothing_was_refused_and_no_window_held_more_than_it_may() -> None:
    assert FIGURES["refused"] == 0
    assert sorted(TIMES) == TIMES
    assert most_in_a_window(TIMES) == FIGURES["most_in_any_window"] == LIMIT
    assert all(later - earlier >= WINDOW_S for earlier, later in zip(TIMES, TIMES[LIMIT:]))


def test_every_hash_was_asked_once_and_every_question_answered() -> None:
    assert len(TIMES) == FIGURES["requests"] == FIGURES["hashes"]
    assert FIGURES["questions"] == FIGURES["answered"] == FIGURES["hashes"] * FIGURES["processes"]
    assert len({arrival["process"] for arrival in FIGURES["arrivals"]}) > 1


def test_the_picture_is_sound_and_drawn_from_the_figures() -> None:
    root = ElementTree.parse(PICTURE).getroot()
    dots = [dot for dot in root.iter() if dot.tag.endswith("circle")]
    assert len(dots) == FIGURES["requests"]
    assert PICTURE.read_text("utf-8") == draw(FIGURES)
    assert "prefers-color-scheme: dark" in PICTURE.read_text("utf-8")


def test_most_in_a_window_counts_any_stretch() -> None:
    assert most_in_a_window([]) == 0
    assert most_in_a_window([0, 1, 59.999]) == 3
    assert most_in_a_window([0, 1, 60, 61]) == 2


def test_the_page_tells_the_figures_of_the_run() -> None:
    told = {row[0]: row[1] for row in PAGE.rows if len(row) == 2}
    assert told["lookups"].startswith(f"{FIGURES['questions']},")
    assert told["requests"].startswith(f"{FIGURES['requests']}:")
    assert told["refused"] == str(FIGURES["refused"])
    assert told["most in any 60 s"] == str(FIGURES["most_in_any_window"])
    assert told["first request to last"].startswith(f"{FIGURES['seconds']:.1f} s;")
    assert told["share of what was allowed"] == f"{FIGURES['share_of_allowed']:.1%}".replace("%", " %")


def test_the_parts_of_a_split_quota_add_up_to_the_public_one() -> None:
    whole = {window.name: window.limit for window in parse_quota(PUBLIC).windows}
    splits = [row for row in PAGE.rows if len(row) == 3 and all("/minute" in cell for cell in row[1:])]
    assert splits
    for row in splits:
        parts = [parse_quota(in_code(cell)[0]).windows for cell in row[1:]]
        assert {group[0].name: sum(window.limit for window in group) for group in zip(*parts)} == whole

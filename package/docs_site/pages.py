"""The pages of the site, made from the project's Markdown files, which also read well where Git shows them.

README.md becomes the start page, and the pages of docs/ are beside it. Links between pages and to pictures lead to the
same place in the site. The site has no source files, so a link to one becomes its text.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from package.spl.build_error import BuildError

START = "README.md"
# Of the pages outside of docs/, and their names in the site.
_OTHERS = {
    START: "index.md",
    "docs/README.md": "documentation.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "bench/results.md": "measurements.md",
}
_PICTURES = {".svg", ".png"}
# The navigation: each page is in the first group with a pattern for it, in the order of the patterns.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Start": ("documentation", "overview", "install", "sandbox"),
    "Splunk": ("splunk", "splunk-*"),
    "Other ways in": ("runner", "python", "serve", "curl", "postman", "tines"),
    "SOAR platforms": ("platforms", "platforms/*"),
    "Reference": ("settings", "errors", "relationships", "quota", "state", "privacy", "*"),
    "Project": ("security", "changelog", "contributing", "architecture", "decisions", "measurements"),
}
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def assemble(project: Path, target: Path) -> None:
    """Write the pages and their pictures to the folder `target`. Raises `BuildError` if a link leads nowhere."""
    names = _names(project)
    for source, name in names.items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.suffix in _PICTURES:
            shutil.copyfile(project / source, copy)
        else:
            copy.write_text(_page(project, source, names), "utf-8")


def _names(project: Path) -> dict[str, str]:
    """Each file of the site: its path in the project, and in the site."""
    names = dict(_OTHERS)
    for folder in ("docs", "bench"):
        for path in sorted((project / folder).rglob("*")):
            source = path.relative_to(project)
            if path.suffix in _PICTURES or (folder == "docs" and path.suffix == ".md"):
                names.setdefault(source.as_posix(), source.relative_to(folder).as_posix())
    return names


def _page(project: Path, source: str, names: Mapping[str, str]) -> str:
    text = (project / source).read_text("utf-8")
    parts = _FENCE.split(text)
    # Every second part is a fenced block.
    parts[::2] = [_LINK.sub(lambda link: _rewritten(link, project, source, names), part) for part in parts[::2]]
    return "".join(parts) + (_navigation(names) if source == START else "")


def _rewritten(link: re.Match[str], project: Path, source: str, names: Mapping[str, str]) -> str:
    mark, text, address = link.groups()
    path, hash_sign, anchor = address.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return link[0]
    wanted = os.path.normpath((PurePosixPath(source).parent / path).as_posix())
    if not (project / wanted).exists():
        raise BuildError(f"{source}: the link to {address} leads nowhere")
    if wanted not in names:
        return str(text)
    here = PurePosixPath(names[source]).parent
    return f"{mark}[{text}]({os.path.relpath(names[wanted], here)}{hash_sign}{anchor})"


def _navigation(names: Mapping[str, str]) -> str:
    pages = [name.removesuffix(".md") for name in names.values() if name.endswith(".md") and name != "index.md"]
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(_members(caption, pages)) + "\n```\n"
        for caption in _GROUPS
    )


def _members(caption: str, pages: list[str]) -> Iterator[str]:
    mine = [page for page in pages if _group_of(page) == caption]
    patterns = _GROUPS[caption]
    return iter(sorted(mine, key=lambda page: [fnmatch(page, pattern) for pattern in patterns], reverse=True))


def _group_of(page: str) -> str:
    """A page that is named belongs there, even if a pattern of an earlier group fits."""
    named = [caption for caption, patterns in _GROUPS.items() if page in patterns]
    fitting = [caption for caption, patterns in _GROUPS.items() if any(fnmatch(page, pattern) for pattern in patterns)]
    return (named or fitting)[0]

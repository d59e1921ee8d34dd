"""The HTML page of a run: one file with everything in it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Numbers below it are written out.
MILLION = 1e6
#: Width of a picture in the page.
MOST_PIXELS = 1300
#: A text of so many letters is not broken into lines.
SHORT = 16
#: A page with fewer sections has no table of contents.
FEW_SECTIONS = 4


class Html(str):
    """Text that is HTML already; every other text is escaped."""


def number(value: Any, digits: int = 4) -> str:
    """A number for people, below a million without an exponent; text as it is, nothing for None."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        short = f"{value:.{digits}g}"
        return f"{float(short):.0f}" if "e+" in short and abs(float(short)) < MILLION else short
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """An HTML table; numbers to the right. Whatever is no `Html` is escaped."""
    head = "".join(f"<th>{escape(h)}</th>" for h in header)
    body = []
    for row in rows:
        cells = []
        for value in row:
            shown = value if isinstance(value, Html) else escape(number(value))
            right = isinstance(value, int | float) and not isinstance(value, bool)
            kind = " class=n" if right else " class=s" if len(shown) <= SHORT else ""
            cells.append(f"<td{kind}>{shown}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def image(path: Path, text: str) -> str:
    """A picture, embedded as large as a page shows it; the file beside it is larger."""
    from PIL import Image

    made = io.BytesIO()
    with Image.open(path) as picture:
        smaller = picture.convert("RGB")
        smaller.thumbnail((MOST_PIXELS, 2 * MOST_PIXELS))
        smaller.quantize(256, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return _embedded(made.getvalue(), text)


def drawn(figure: Figure, text: str) -> str:
    """A figure, embedded without a file."""
    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=80)
    return _embedded(made.getvalue(), text)


def _embedded(png: bytes, text: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<figure><img alt="{escape(text)}" src="data:image/png;base64,{data}">' + (
        f'<figcaption class="note">{escape(text)}</figcaption></figure>'
    )


def facts(rows: Iterable[tuple[str, Any]]) -> str:
    """A table of names and values, the values as text."""
    body = "".join(f"<tr><th>{escape(a)}</th><td>{escape(number(b))}</td></tr>" for a, b in rows)
    return f"<table>{body}</table>"


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"


def types_table(types: Sequence[Mapping[str, Any]], amorphous: float) -> str:
    """What the sites were named."""
    rows = [[t["code"], t["sites"], percent(t["share"]), t["grains"]] for t in types]
    rows.append(["amorphous", "", percent(amorphous), ""])
    return table(["framework", "T sites", "share", "grains"], rows)


def checks_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """The validity report; a check that does not apply has neither passed nor failed."""
    passed = {True: "passed", False: "FAILED", None: "does not apply"}
    return _judged("check", checks, passed)


def invariants_table(invariants: Sequence[Mapping[str, Any]]) -> str:
    """What holds by construction, or the fault of the program that it does not."""
    return _judged("by construction", invariants, {True: "holds", False: "BROKEN", None: "does not apply"})


def _judged(heading: str, lines: Sequence[Mapping[str, Any]], words: Mapping[bool | None, str]) -> str:
    classes = {True: "ok", False: "fail", None: "note"}
    rows = [
        [
            c["name"], c["value"], c["unit"], c["limit"],
            Html(f'<span class="{classes[c["passed"]]}">{words[c["passed"]]}</span>'), c["source"],
        ]
        for c in lines
    ]  # fmt: skip
    return table([heading, "value", "unit", "limit", "", "source"], rows)


def page(
    title: str, verdict: str, sentence: str, sections: Sequence[tuple[str, str]], opening: str = ""
) -> str:
    """The whole page: heading, verdict, what is seen first, contents, sections of (heading, HTML)."""
    kind = "amorphous" if verdict == "amorphous" else ""
    names = [f"s{k}" for k in range(len(sections))]
    body = "".join(
        f'<section id="{name}"><h2>{escape(heading)}</h2>{content}</section>'
        for name, (heading, content) in zip(names, sections, strict=True)
    )
    links = "".join(
        f'<a href="#{name}">{escape(heading)}</a>'
        for name, (heading, _) in zip(names, sections, strict=True)
        if ": " not in heading  # parts of the section before
    )
    contents = f"<nav>{links}</nav>" if len(sections) >= FEW_SECTIONS else ""
    style = resources.files("zeocryst.report").joinpath("page.css").read_text("utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>'
        f'<h1>{escape(title)}</h1><p class="verdict {kind}">{escape(sentence)}</p>{opening}{contents}{body}'
        "</body></html>\n"
    )

"""Equations as MathML, made by latex2mathml when the site is built: nothing is fetched when a page is read."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

#: Sizes of brackets, which MathML chooses itself.
SIZES = re.compile(r"\\[bB]ig[lr]?(?![A-Za-z])")
LOGGER = logging.getLogger(__name__)


def as_mathml(source: str, node: nodes.Node, *, block: bool) -> str:
    """An equation; a command that is left over in it is a warning."""
    made = convert(SIZES.sub("", " ".join(source.split())), display="block" if block else "inline")
    if left := re.findall(r"\\\w+", made):
        LOGGER.warning("no MathML of %s in: %s", ", ".join(left), source, location=node)
    return str(made)


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(as_mathml(node.astext(), node, block=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{as_mathml(node.astext(), node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Register it with Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Formulas as MathML, which browsers set themselves: the usual renderer loads a script from another machine."""

from __future__ import annotations

from typing import Any


def visit_inline(writer: Any, node: Any) -> None:
    """Write a formula within a line."""
    _write(writer, node, as_block=False)


def visit_block(writer: Any, node: Any) -> None:
    """Write a formula that stands alone."""
    _write(writer, node, as_block=True)


def _write(writer: Any, node: Any, *, as_block: bool) -> None:
    from docutils import nodes
    from docutils.utils.math.latex2mathml import tex2mathml

    writer.body.append(tex2mathml(node.astext(), as_block=as_block))
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_block, None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}

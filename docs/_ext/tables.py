"""The directive ``table-of``: the entries of one of the package's tables.

    ```{table-of} sknn_scratch._nn.activations.ACTIVATIONS
    ```

Formula and notes of each entry are the first paragraph of its docstring and the rest,
so that whatever is added to a table is on the page at the next build. In the notes a
formula stands in single backticks, code in double ones.
"""

import inspect
import re
from importlib import import_module

from docutils import nodes
from formulas import is_formula, parts
from sphinx.util.docutils import SphinxDirective


def row(*cells):
    return nodes.row("", *(nodes.entry("", *cell) for cell in cells))


def typeset(formula):
    """Its formulas as mathematics, in a paragraph for each part between semicolons."""
    holds_one = is_formula(formula)
    for part in formula.split("; "):
        paragraph = nodes.paragraph()
        for kind, text in parts(part) if holds_one else [("text", part)]:
            paragraph += (nodes.math if kind == "math" else nodes.inline)(text, text)
        yield paragraph


def in_markdown(notes):
    """Notes with their formulas, in single backticks, between dollars."""

    def dollars(match):
        inner = parts(match[1])
        return "".join(f"${text}$" if kind == "math" else text for kind, text in inner)

    return re.sub(r"(?<!`)`([^`]+)`(?!`)", dollars, notes)


class TableOf(SphinxDirective):
    required_arguments = 1

    def run(self):
        module, name = self.arguments[0].rsplit(".", 1)
        entries = getattr(import_module(module), name)
        body = nodes.tbody()
        for key, entry in entries.items():
            # The sections of numpydoc, such as Parameters, are left out.
            text = inspect.getdoc(entry).split("\n----", 1)[0].split("\nParameters")[0]
            formula, _, notes = text.partition("\n\n")
            notes = in_markdown(" ".join(notes.split()))
            body += row(
                [nodes.paragraph("", "", nodes.literal("", key))],
                list(typeset(" ".join(formula.split()))),
                [nodes.paragraph("", "", *self.parse_inline(notes)[0])],
            )
        titles = ([nodes.paragraph("", text)] for text in ("name", "formula", "notes"))
        group = nodes.tgroup(
            "",
            *(nodes.colspec(colwidth=width) for width in (15, 45, 40)),
            nodes.thead("", row(*titles)),
            body,
            cols=3,
        )
        return [nodes.table("", group, classes=["table-of"])]


def setup(app):
    app.add_directive("table-of", TableOf)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

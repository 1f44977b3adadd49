"""The directive ``table-of``: the entries of one of the package's tables.

    ```{table-of} sknn_scratch._activations.ACTIVATIONS
    ```

Name, formula and source of each entry come from its docstring, so that whatever is
added to a table is on the page at the next build.
"""

import inspect
from importlib import import_module

from docutils import nodes
from docutils.parsers.rst import Directive


def row(*cells):
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


class TableOf(Directive):
    required_arguments = 1

    def run(self):
        module, name = self.arguments[0].rsplit(".", 1)
        entries = getattr(import_module(module), name)
        body = nodes.tbody()
        for key, entry in entries.items():
            formula, _, source = inspect.getdoc(entry).partition("\n\n")
            source = source.split("\n\nParameters\n")[0]
            body += row(
                nodes.paragraph("", "", nodes.literal("", key)),
                nodes.paragraph("", " ".join(formula.split())),
                nodes.paragraph("", " ".join(source.split())),
            )
        titles = (nodes.paragraph("", text) for text in ("name", "formula", "notes"))
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

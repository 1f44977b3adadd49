"""The picture of the README and the home page: ``python docs/claims.py``.

Its numbers are read from the measured tables in this folder, so that picture and tables
cannot disagree. It writes ``_static/claims-light.svg`` and ``_static/claims-dark.svg``.
"""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
COLOURS = {
    "light": {"ground": "#ffffff", "text": "#1f2328", "small": "#59636e",
              "theirs": "#c4cad1", "ours": "#0a7d91"},
    "dark": {"ground": "#14181e", "text": "#e6eaee", "small": "#a3adb8",
             "theirs": "#545d68", "ours": "#3fb8cc"},
}  # fmt: skip
WORDS = {
    0.5: "half",
    1 / 3: "a third",
    0.25: "a quarter",
    0.2: "a fifth",
    0.1: "a tenth",
}


def table(page, heading):
    """Rows of the first table after a line, each a dict by column."""
    text = (HERE / page).read_text(encoding="utf-8").split(heading, 1)[1]
    rows = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    names, _, *rows = rows
    return [dict(zip(names, row, strict=True)) for row in rows]


def in_words(ratio):
    """The nearest simple fraction; a ratio that is far from all of them is refused."""
    nearest = min(WORDS, key=lambda fraction: abs(fraction - ratio))
    assert abs(nearest - ratio) <= 0.1 * nearest, f"no simple fraction near {ratio}"
    return WORDS[nearest]


def of_the_time(rows, title, note):
    """The claim that the median of ratios to scikit-learn's times makes."""
    ratios = [float(row["ours/sklearn"]) for row in rows]
    middle = median(ratios)
    return (
        title.format(in_words(middle)),
        [("MLPClassifier", 1), ("sknn_scratch", middle)],
        f"{note.format(len(ratios))}, {min(ratios):.2f} to {max(ratios):.2f}",
    )


def claims():
    """Yield title, bars (name, value) and the line below."""
    fits = table("benchmarks_results.md", "## Fits, float64")
    steps = "A training step, median of {} nets"
    yield of_the_time(fits, "Same weights, {} the time", steps)
    searches = table("benchmarks_searches.md", "repeats, float64")
    searches = [row for row in searches if "1 process" in row["case"]]
    title = "A grid search in {} of the time"
    yield of_the_time(searches, title, "Median of {} searches")
    rows = table("benchmarks_tables.md", "Default settings")
    numbers, classes = (
        float(row["error"])
        for row in table("benchmarks_tables.md", "What each part brings")
        if row["geometric means"] == "default"
    )
    assert numbers < 0.95 > classes
    smaller, larger = (
        sum(sign * (float(row["ours"]) - float(row["boosting"])) < 0 for row in rows)
        for sign in (1, -1)
    )
    yield (
        "Smaller errors than gradient boosting",
        [
            ("HistGradientBoosting", 1),
            ("sknn_scratch, numbers", numbers),
            ("sknn_scratch, classes", classes),
        ],
        f"Defaults on {len(rows)} public tables: smaller on {smaller}, "
        f"larger on {larger}",
    )


def rounded(value):
    """Two digits after the point, halves upwards."""
    return Decimal(f"{value:.4g}").quantize(Decimal("0.01"), ROUND_HALF_UP)


def drawn(colours):
    """The picture, to be read at a width of 400 pixels."""
    parts, y = [], 14
    for title, bars, note in claims():
        y += 12
        parts.append(f'<text x="14" y="{y}" class="title">{title}</text>')
        for name, value in bars:
            theirs = not name.startswith("sknn_scratch")
            y += 24
            width = round(172 * value, 1)
            parts.append(
                f'<text x="14" y="{y}">{name}</text>'
                f'<rect x="176" y="{y - 13}" width="{width}" height="17" rx="2" '
                f'fill="{colours["theirs" if theirs else "ours"]}"/>'
                f'<text x="{182 + width:g}" y="{y}" class="value">'
                f"{rounded(value)}</text>"
            )
        y += 21
        parts.append(f'<text x="14" y="{y}" class="note">{note}</text>')
        y += 19
    height = y - 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 {height}" '
        f'width="400" height="{height}" role="img">\n'
        "<style>text { font: 13px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; "
        f"fill: {colours['text']} }} .title {{ font-size: 17px; font-weight: 600 }} "
        f".value {{ font-weight: 600 }} .note {{ fill: {colours['small']} }}</style>\n"
        f'<rect width="400" height="{height}" rx="6" fill="{colours["ground"]}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main():
    """Write both pictures."""
    for name, colours in COLOURS.items():
        file = HERE / "_static" / f"claims-{name}.svg"
        file.write_text(drawn(colours), encoding="utf-8")
        print(file.relative_to(HERE.parent))


if __name__ == "__main__":
    main()

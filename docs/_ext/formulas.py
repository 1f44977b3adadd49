r"""Formulas that read well in code, typeset.

The docstrings of activations, losses, optimisers and the like hold their formulas as
one would type them: ``theta <- theta - eta m / (sqrt(v) + eps)``. Here they become
LaTeX, for the guide's tables and for the lists of choices in the API reference.
"""

import re

FUNCTIONS = {"cos", "exp", "log", "max", "sin", "sum", "tanh"}
GREEK = {"alpha", "beta", "delta", "eta", "gamma", "lambda", "mu", "phi", "pi", "theta"}
SYMBOLS = {
    **{name: rf"\{name}" for name in FUNCTIONS | GREEK},
    "Phi": r"\Phi",
    "eps": r"\varepsilon",
    "fan_in": r"n_\text{in}",
    "fan_out": r"n_\text{out}",
    "link": r"\operatorname{link}",
    "quantile": r"\mathtt{quantile}",
    "sqrt": r"\sqrt",
    "<-": r"\leftarrow",
    "<=": r"\le",
    ">=": r"\ge",
    "~": r"\sim",
    "...": r"\cdots",
}
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<word>[A-Za-z]+'s\b)"
    r"|(?P<name>[A-Za-z]+\d*(?:_[A-Za-z0-9]+)*'*)"
    r"|(?P<operator><-|<=|>=|\.\.\.|[-+/=<>~^_|(){}])"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)"
)


def symbol(name):
    """The LaTeX of a name; None for a word of a sentence."""
    if name in SYMBOLS:
        return SYMBOLS[name]
    letter = re.fullmatch(
        r"(d?[A-Za-z]|[a-z]+)(?:_?(\d+)|_([a-zA-Z]|in|out))('*)", name
    )
    if letter and (len(letter[1]) < 3 or letter[1] in SYMBOLS):
        head, number, index, primes = letter.groups()
        index = number or (index if len(index) == 1 else rf"\text{{{index}}}")
        return f"{SYMBOLS.get(head, head)}_{{{index}}}{primes}"
    if "_" in name:
        return r"\,\mathtt{" + name.replace("_", r"\_") + r"}\,"
    return name if re.fullmatch("d?[A-Za-z]'*", name) else None


def parts(text):
    """The formulas of a text as ('math', LaTeX), its words as ('text', words)."""
    kinds, depth = [], 0
    closing = []  # what each open bracket is closed with
    after = ""  # the token before, spaces left out
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == "name":
            tex = symbol(token)
            kind = "text" if tex is None and not depth else "math"
            tex = rf"\text{{{token}}}" if tex is None else tex
            if after in ("^", "_"):
                tex = f"{{{tex}}}"
        elif kind == "number":
            kind, tex = "math", f"{{{token}}}" if after in ("^", "_") else token
            tex = re.sub(r"e(-?\d+)", r" \\cdot 10^{\1}", tex).replace("1 \\cdot ", "")
        elif token == "(":
            braces = after in ("^", "_", "sqrt")
            closing.append("}" if braces else ")")
            kind, tex, depth = "math", "{" if braces else "(", depth + 1
        elif token == ")" and depth:
            kind, tex, depth = "math", closing.pop(), depth - 1
        elif kind == "operator":
            kind, tex = "math", SYMBOLS.get(token, token)
        elif kind == "space":
            tex = " "
        else:
            kind, tex = ("math", token) if depth else ("text", token)
        kinds.append((kind, token if kind == "text" else tex))
        if kind != "space":
            after = token
    yield from _joined(kinds)


def _joined(kinds):
    """Runs of one kind; a space between formula and words belongs to the words."""
    runs = []
    for kind, tex in kinds:
        if kind == "space":
            kind = runs[-1][0] if runs else "text"
        if runs and runs[-1][0] == kind:
            runs[-1][1] += tex
        else:
            runs.append([kind, tex])
    for k, (kind, tex) in enumerate(runs):
        if kind == "text":
            before = k and runs[k - 1][1].endswith(" ")
            yield "text", (" " if before else "") + tex
        else:
            yield "math", tex.strip()


def is_formula(text):
    """Whether a text holds one."""
    return any(sign in text for sign in (" = ", "<-", " ~ "))


def in_rst(text):
    """A text with its formulas in the role ``math``."""
    out = "".join(
        rf":math:`{tex}`\ " if kind == "math" else tex for kind, tex in parts(text)
    )
    return out.removesuffix(r"\ ")


def typeset(app, what, name, obj, options, lines):
    """The formulas of a docstring, literals there, typeset.

    A list of choices has words in its formulas; elsewhere a literal with words is code.
    """

    def choice(match):
        return match[1] + in_rst(match[2]) if is_formula(match[2]) else match[0]

    def literal(match):
        text = " ".join(match[1].split())
        is_one = " = " in text or "^" in text or " / " in text
        code = any(
            kind == "text" or re.search(r"\*|\\text\{(?!in|out)", tex)
            for kind, tex in parts(text)
        )
        return in_rst(text) if is_one and not code else match[0]

    text = re.sub(r"(?m)^(\s*- '\w+': )``(.*)``$", choice, "\n".join(lines))
    lines[:] = re.sub(r"``([^`]+)``", literal, text).split("\n")


def setup(app):
    app.connect("autodoc-process-docstring", typeset, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

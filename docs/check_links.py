"""Check the links inside a built site: ``python docs/check_links.py docs/_build/html``.

Every page, picture, script and anchor that a page refers to must be there.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The references that a page makes, and the anchors that it has."""

    def __init__(self, path):
        super().__init__()
        self.references, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.references.append(value)


def html_pages(site):
    """The pages, without the theme's own templates."""
    return [
        page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts
    ]


def broken(site):
    """Yield each page's references that lead nowhere."""
    pages = {path: Page(path) for path in html_pages(site)}
    for path, page in pages.items():
        for reference in page.references:
            parts = urlsplit(reference)
            if parts.scheme or parts.netloc:
                continue
            name = unquote(parts.path)
            target = (path.parent / name).resolve() if name else path
            if target.is_dir():
                target /= "index.html"
            anchors = pages[target].anchors if target in pages else ()
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and anchors and anchor not in anchors):
                yield path, reference


def main(site):
    """Print what is broken; return the exit code."""
    site = site.resolve()
    n_pages, faults = len(html_pages(site)), list(broken(site))
    for path, reference in faults:
        print(f"{path.relative_to(site)}: {reference} leads nowhere")
    print(f"{n_pages} pages, {len(faults)} broken links")
    return 1 if faults or not n_pages else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))

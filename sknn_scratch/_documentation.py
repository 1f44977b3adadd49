"""Where the documentation is: what the HTML display of an estimator links to."""

SITE = "https://sknn-scratch.readthedocs.io/en/stable"


class DocumentationLink:
    """Mixin that links an estimator's HTML display to its page of the API reference."""

    _doc_link_module = "sknn_scratch"
    _doc_link_template = (
        f"{SITE}/api/generated/{{estimator_module}}.{{estimator_name}}.html"
    )

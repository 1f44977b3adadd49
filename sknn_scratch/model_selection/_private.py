"""What the searches use of scikit-learn's private names, all of it here.

Where a version of scikit-learn has not got them, ``AVAILABLE`` is False and every fit
is done one by one, by scikit-learn's own search.
"""

from typing import Any

try:
    from sklearn.utils import _safe_indexing as safe_indexing
    from sklearn.utils.metaestimators import _safe_split as safe_split
    from sklearn.utils.validation import _check_method_params as check_method_params
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True

__all__ = ["check_method_params", "safe_indexing", "safe_split", "splitter_of"]


def splitter_of(search: Any) -> Any:
    """The splitter of a search that is under way; None where it is not to be found."""
    return getattr(search, "_checked_cv_orig", None)

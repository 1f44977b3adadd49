"""What the searches use of private names of scikit-learn and joblib, all of it here.

Where a version has not got them, ``AVAILABLE`` is False and every fit is done one by
one, by scikit-learn's own search.
"""

from contextlib import nullcontext
from typing import Any

from joblib import parallel_config

try:
    from joblib.externals.loky.backend.reduction import dumps
    from joblib.parallel import get_active_backend
    from sklearn.utils import _safe_indexing as safe_indexing
    from sklearn.utils.metaestimators import _safe_split as safe_split
    from sklearn.utils.validation import _check_method_params as check_method_params
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True

__all__ = [
    "backend_of_its_own",
    "check_method_params",
    "dumps",
    "give_back",
    "safe_indexing",
    "safe_split",
]


def give_back(search: Any, stand_in: Any, splits: Any) -> None:
    """Let nothing that a search has set while it was under way stay in it."""
    scorer = getattr(search, "scorer_", None)
    if getattr(scorer, "_estimator", None) is stand_in:  # its own ``score``
        scorer._estimator = search.estimator  # type: ignore[union-attr]
    if vars(search).get("_checked_cv_orig") is splits:
        search._checked_cv_orig = splits.cv


def backend_of_its_own() -> Any:
    """A block in which a Parallel does not end the backend of the one around it."""
    backend, _ = get_active_backend()
    if type(backend).__module__ != "joblib._parallel_backends":
        return nullcontext()  # others are ended by those who made them
    twin = type(backend)(
        nesting_level=backend.nesting_level,
        inner_max_num_threads=backend.inner_max_num_threads,
    )
    return parallel_config(backend=twin)

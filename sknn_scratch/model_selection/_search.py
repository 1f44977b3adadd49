"""scikit-learn's searches over parameters, with many nets trained at once.

The classes are scikit-learn's own. They are given an estimator whose clones have been
fitted ahead, and evaluate them as they do any other.
"""

import inspect
from typing import Any, Self, TypeVar

from sklearn import get_config, model_selection
from sklearn.base import is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import process_routing

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch._types import MatrixLike
from sknn_scratch.model_selection import _private
from sknn_scratch.model_selection._ahead import Ahead, Splits

__all__ = [
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
]


Search = TypeVar("Search", bound=type)

#: What each parameter of a search is; of all of them.
PARAMETERS = {
    "estimator": """\
estimator : estimator
    To be tuned: one of this package's, or a Pipeline or TransformedTargetRegressor
    around one. Any other is searched as by scikit-learn.""",
    "param_grid": """\
param_grid : dict or list of dict
    Names of parameters and lists of values to try; a list of such grids joins them.""",
    "param_distributions": """\
param_distributions : dict or list of dict
    Names of parameters, and distributions or lists to sample their values from.""",
    "n_iter": """\
n_iter : int, default=10
    Number of candidates.""",
    "n_candidates": """\
n_candidates : 'exhaust' or int, default='exhaust'
    Number of candidates; 'exhaust' is as many as use up the resources.""",
    "factor": """\
factor : int or float, default=3
    A candidate in so many goes on to the next iteration.""",
    "resource": """\
resource : str, default='n_samples'
    What a candidate gets more of at each iteration: rows, or a parameter of the
    estimator such as 'max_iter'.""",
    "max_resources": """\
max_resources : int or 'auto', default='auto'
    The most that a candidate gets of it.""",
    "min_resources": """\
min_resources : {'exhaust', 'smallest'} or int, default={default}
    What it gets in the first iteration.""",
    "aggressive_elimination": """\
aggressive_elimination : bool, default=False
    Whether iterations are repeated while too many candidates are left.""",
    "scoring": """\
scoring : str, callable, list, tuple or dict, default=None
    What the candidates are judged by; several scores need a ``refit`` that says
    which one decides. None is the estimator's own ``score``.""",
    "n_jobs": """\
n_jobs : int, default=None
    Number of processes, as in joblib.""",
    "refit": """\
refit : bool, str or callable, default=True
    Whether, or by which score, or by which function of ``cv_results_``, the best
    candidate is refitted on all rows.""",
    "cv": """\
cv : int, splitter or iterable, default={default}
    The splits; None and 5 are five folds, stratified for a classifier.""",
    "verbose": """\
verbose : int, default=0
    Above 0 says how many fits there are, and how many were trained together.""",
    "pre_dispatch": """\
pre_dispatch : int or str, default='2*n_jobs'
    Number of evaluations that are handed to the processes at a time.""",
    "random_state": """\
random_state : int, RandomState instance or None, default=None
    Decides the candidates that are sampled, and the rows that a part of them gets.""",
    "error_score": """\
error_score : 'raise' or numeric, default=np.nan
    The score of a fit that fails, or that its error ends the search.""",
    "return_train_score": """\
return_train_score : bool, default={default}
    Whether ``cv_results_`` has the scores on the training rows, too.""",
}
ATTRIBUTES = """\
cv_results_ : dict of str to ndarray
    A column for each parameter, score and time. ``mean_fit_time`` is a fit's share of
    the time that those trained with it took.
best_estimator_, best_score_, best_params_, best_index_
    The best candidate, as in scikit-learn; so are ``scorer_``, ``n_splits_``,
    ``refit_time_``, ``multimetric_``, ``classes_``, ``n_features_in_`` and
    ``feature_names_in_``."""
HALVING_ATTRIBUTES = f"""\
n_resources_, n_candidates_, n_iterations_, n_remaining_candidates_
    The course of the halving, as in scikit-learn; so are ``min_resources_``,
    ``max_resources_``, ``n_possible_iterations_`` and ``n_required_iterations_``.
{ATTRIBUTES}"""


def documented(cls: Search) -> Search:
    """Fill in the parameters of a search's docstring, in their order."""
    texts = []
    for name, parameter in inspect.signature(cls).parameters.items():
        text = PARAMETERS[name]
        texts.append(text.replace("{default}", repr(parameter.default)))
    doc = str(inspect.getdoc(cls))
    doc = doc.replace("{parameters}", "\n".join(texts))
    doc = doc.replace("{halving_attributes}", HALVING_ATTRIBUTES)
    cls.__doc__ = doc.replace("{attributes}", ATTRIBUTES)
    return cls


class TogetherMixin(DocumentationLink):
    """A search whose candidates are trained together; before the class it is."""

    estimator: Any
    n_jobs: int | None
    cv: Any
    verbose: int

    def fit(self, X: MatrixLike, y: MatrixLike | None = None, **params: Any) -> Self:
        """Search, and refit the best candidate on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        **params : dict
            For the estimator's ``fit``, the splitter and the scorer, as in
            scikit-learn. Arrays with an entry for each row are split with the rows.

        Returns
        -------
        self : object
            The search with its results.

        Raises
        ------
        ValueError
            For a parameter that the estimator has not, before anything is trained; if
            all fits fail; and what else scikit-learn's own search raises.
        KeyboardInterrupt
            On Ctrl-C: the search ends at once, whatever it is at.
        """
        ahead = self._before(params)
        if ahead is None:
            return super().fit(X, y, **params)  # type: ignore[misc]
        estimator, cv = self.estimator, self.cv
        try:
            checked = check_cv(cv, y, classifier=is_classifier(estimator))
        except Exception:
            return super().fit(X, y, **params)  # type: ignore[misc]
        self._ahead, self._splits = ahead, Splits(checked)
        self.estimator, self.cv = ahead.stand_in, self._splits
        try:
            with ctrl_c_ends_all():
                return super().fit(X, y, **params)  # type: ignore[misc]
        finally:
            self.estimator, self.cv = estimator, cv
            _private.give_back(self, ahead.stand_in, self._splits)
            ahead.leave()
            del self._ahead, self._splits

    def _before(self, params):
        """What does the fits ahead; None where that is not possible."""
        # Callbacks are told of each fit.
        if getattr(self, "_skl_callbacks", None) or not _private.AVAILABLE:
            return None
        try:
            return Ahead(self.estimator, self._fit_params(params), self.n_jobs)
        except Exception:
            return None  # scikit-learn will say what is wrong with the estimator

    def _fit_params(self, params):
        """Those that go to the estimator."""
        if not get_config()["enable_metadata_routing"]:
            return {name: value for name, value in params.items() if name != "groups"}
        return process_routing(self, "fit", **params).estimator.fit

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        ahead: Any = self.__dict__.get("_ahead")
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}

        def evaluate(candidate_params, cv=None, more_results=None, **context):
            candidates = list(candidate_params)
            splits = self._splits if cv is None else Splits(cv)
            ahead.expect(candidates, splits)
            results = evaluate_candidates(
                candidates,
                cv=cv and splits,
                more_results=more_results,
                **context,
            )
            ahead.tell(results, self.verbose)
            return results

        evaluate = evaluate_candidates if ahead is None else evaluate
        return super()._run_search(evaluate, **context)  # type: ignore[misc]


@documented
class GridSearchCV(TogetherMixin, model_selection.GridSearchCV):
    """Search over a grid of parameters, many nets at once.

    ``sklearn.model_selection.GridSearchCV`` with the same parameters and the same
    results, in a fraction of the time. Nets of one architecture that differ in numbers
    only, such as ``learning_rate_init``, ``alpha``, schedules or seeds, are trained
    together: each to its own end, with the weights that it gets alone. What cannot be
    trained together (L-BFGS, sparse rows, a ``scoring`` of the net's own,
    ``warm_start``, callbacks) is fitted one by one.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RandomizedSearchCV : Samples the candidates.
    HalvingGridSearchCV : Gives the better ones more rows or epochs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import GridSearchCV
    >>> net = ScratchMLPClassifier((8,), max_iter=500, random_state=0, tol=1e-3)
    >>> grid = {
    ...     "scratchmlpclassifier__learning_rate_init": [0.01, 0.03, 0.1],
    ...     "scratchmlpclassifier__alpha": [1e-4, 1e-2, 1],
    ... }
    >>> search = GridSearchCV(make_pipeline(StandardScaler(), net), grid, cv=3)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.9)
    True
    """


@documented
class RandomizedSearchCV(TogetherMixin, model_selection.RandomizedSearchCV):
    """Search over sampled parameters, many nets at once.

    ``sklearn.model_selection.RandomizedSearchCV`` as :class:`GridSearchCV` is
    scikit-learn's.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    GridSearchCV : Tries every combination.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import RandomizedSearchCV
    >>> net = ScratchMLPClassifier((8,), max_iter=1000, random_state=0, tol=1e-3)
    >>> rates = {"learning_rate_init": loguniform(1e-2, 1e-1)}
    >>> search = RandomizedSearchCV(net, rates, n_iter=6, cv=3, random_state=0)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.9)
    True
    """


@documented
class HalvingGridSearchCV(TogetherMixin, model_selection.HalvingGridSearchCV):
    """Search over a grid by successive halving, many nets at once.

    ``sklearn.model_selection.HalvingGridSearchCV`` as :class:`GridSearchCV` is
    scikit-learn's. All candidates get a little, the better ones of them more.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {halving_attributes}

    See Also
    --------
    GridSearchCV : Gives every candidate all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import HalvingGridSearchCV
    >>> net = ScratchMLPClassifier((8,), max_iter=1000, random_state=0, tol=1e-3)
    >>> grid = {"learning_rate_init": [0.01, 0.03, 0.1], "alpha": [1e-4, 1e-2, 1]}
    >>> search = HalvingGridSearchCV(net, grid, cv=3, random_state=0)
    >>> search.fit(*load_iris(return_X_y=True)).n_candidates_
    [9, 3]
    """


@documented
class HalvingRandomSearchCV(TogetherMixin, model_selection.HalvingRandomSearchCV):
    """Search sampled parameters by successive halving, many nets at once.

    ``sklearn.model_selection.HalvingRandomSearchCV`` as :class:`GridSearchCV` is
    scikit-learn's.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {halving_attributes}

    See Also
    --------
    RandomizedSearchCV : Gives every candidate all rows.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import HalvingRandomSearchCV
    >>> net = ScratchMLPClassifier((8,), max_iter=1000, random_state=0, tol=1e-3)
    >>> rates = {"learning_rate_init": loguniform(1e-2, 1e-1)}
    >>> search = HalvingRandomSearchCV(net, rates, cv=3, random_state=0)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.8)
    True
    """

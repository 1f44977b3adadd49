"""Several fits of one model: from several seeds, on several rows; their votes."""

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples

from sknn_scratch._estimators.together import Fit, can_wait, fit_together, net_of
from sknn_scratch._training.interrupts import ctrl_c_ends_all


def seeded(estimator):
    """Names of all random_state parameters, at any depth."""
    return [
        name
        for name in estimator.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    ]


def fit_param(estimator, name):
    """How a pipeline's ``fit`` calls what is for the net at its end."""
    if not isinstance(estimator, Pipeline):
        inner = getattr(estimator, "regressor", None)
        return name if inner is None else fit_param(inner, name)
    last, inner = estimator.steps[-1]
    return f"{last}__{fit_param(inner, name)}"


def part(values, rows, n):
    """Some rows of what has n of them; all else, and all rows (None), as it is."""
    if rows is None or not hasattr(values, "__len__") or _num_samples(values) != n:
        return values
    return _safe_indexing(values, rows)


def fit_members(estimator, X, y, tasks, params, n_jobs, work):
    """Fit a model once for each task, nets together, and work on each fit.

    Parameters
    ----------
    estimator : estimator
        Is cloned.
    X, y
        All rows and targets.
    tasks : list of tuple
        Begin with (seed, rows): of every ``random_state`` in the estimator, and to
        train on (None: all of them). Those of the same rows follow one another.
    params : dict
        What else its ``fit`` is given; split with the rows.
    n_jobs : int or None
        Number of processes, as in joblib.
    work : callable
        ``work(fit, task)`` gives what is asked for, in the process of the fit.

    Returns
    -------
    list
        Of what came of each work, in the order of the tasks.
    """
    together = can_wait(net_of(estimator))
    n_parts = effective_n_jobs(n_jobs) if together else len(tasks)
    parts = np.array_split(np.arange(len(tasks)), min(n_parts, len(tasks)))
    done = Parallel(n_jobs=n_jobs)(
        delayed(_fit_part)(estimator, X, y, [tasks[i] for i in some], params, work)
        for some in parts
    )
    return [result for results in done for result in results]


def _fit_part(estimator, X, y, tasks, params, work):
    n = _num_samples(X)

    def fits():
        of_rows = given = None
        for seed, rows, *_ in tasks:
            model = clone(estimator)
            model.set_params(**dict.fromkeys(seeded(estimator), seed))
            if given is None or rows is not of_rows:
                own = {name: part(value, rows, n) for name, value in params.items()}
                given, of_rows = (part(X, rows, n), part(y, rows, n), own), rows
            yield Fit(model, *given)

    with ctrl_c_ends_all():
        fitted = fit_together(fits())
    return [work(fit, task) for fit, task in zip(fitted, tasks, strict=True)]


# ---- what they predict together --------------------------------------------------


def known_classes(members):
    """The classes that any of the members knows; of several outputs a list."""
    known = [member.classes_ for member in members]
    if isinstance(known[0], list):
        return [np.unique(np.concatenate(each)) for each in zip(*known, strict=True)]
    return np.unique(np.concatenate(known))


def all_probabilities(members, X):
    """Each member's probabilities (n_members, n_samples, n_classes).

    A list of such arrays where there are several outputs. Columns are in the order of
    the :func:`known_classes`; a class that a member does not know has probability 0.
    """
    each = [member.predict_proba(X) for member in members]
    classes = [member.classes_ for member in members]
    if not isinstance(each[0], list):
        return _aligned(each, classes)
    outputs = zip(*each, strict=True), zip(*classes, strict=True)
    return [_aligned(*output) for output in zip(*outputs, strict=True)]


def _aligned(probabilities, classes):
    every = np.unique(np.concatenate(classes))
    if all(len(known) == len(every) for known in classes):
        return np.array(probabilities)
    first = probabilities[0]
    aligned = np.zeros((len(classes), len(first), len(every)), first.dtype)
    for own, p, known in zip(aligned, probabilities, classes, strict=True):
        own[:, np.searchsorted(every, known)] = p
    return aligned


def mean_probabilities(members, X):
    """The mean of the members' probabilities; of several outputs a list."""
    each = all_probabilities(members, X)
    if isinstance(each, list):
        return [output.mean(axis=0) for output in each]
    return each.mean(axis=0)


def mean_prediction(members, X):
    """The mean of numbers; or the class of the highest mean probability.

    A label is set where its mean probability exceeds one half.
    """
    if not is_classifier(members[0]):
        return np.mean([member.predict(X) for member in members], axis=0)
    mean, classes = mean_probabilities(members, X), known_classes(members)
    if isinstance(mean, list):
        pairs = zip(classes, mean, strict=True)
        return np.column_stack([known[p.argmax(axis=1)] for known, p in pairs])
    if np.ndim(members[0].predict(_first_row(X))) == 2:
        return (mean > 0.5).astype(int)
    return classes[mean.argmax(axis=1)]


def _first_row(X):
    if sparse.issparse(X):
        return X.tocsr()[:1]
    return _safe_indexing(X if hasattr(X, "shape") else np.asarray(X), [0])

"""Means of the target for categories of very many levels.

A column for each of a thousand towns says little: most towns have a few rows. The mean
of the target in each town says more (Micci-Barreca, 2001), drawn towards the mean of
all the more, the fewer rows there are:

    (y_1 + ... + y_n + strength mean) / (n + strength).

A row's own target is not in what it is told in training: it gets the means over the
other folds, as in scikit-learn's TargetEncoder, which takes neither weights nor several
targets.
"""

import numpy as np

from sknn_scratch.preprocessing._levels import learn_levels

#: Rows that the mean of all counts for.
STRENGTH = 10.0
N_FOLDS = 5


class LevelMeans:
    """The means of some columns, learnt from the rows of fit.

    Parameters
    ----------
    encoder : TabularEncoder
        Fitted. Columns with more levels than it gives places to have means.
    X : {array-like, DataFrame}
        The rows of fit.
    """

    def __init__(self, encoder, X):
        self.levels: dict = {}
        pooled = [s for s, known in encoder._levels.items() if known.is_pooled]
        if not pooled:
            return
        columns = encoder._columns(X, reset=False)
        for source in pooled:
            every = learn_levels(columns[source], None, None)
            if every.n_places > encoder.max_categories:
                self.levels[source] = every

    def _places(self, encoder, X):
        """The place of each row's level, and how many places there are, by columns.

        The last places are for missing values and for levels that are new.
        """
        columns = encoder._columns(X, reset=False)
        for source, known in self.levels.items():
            n = known.n_places
            places = known.places(columns[source])
            yield np.select([places == -1, places == -2], [n, n + 1], places), n + 2

    def learn(self, encoder, X, Y, weight, rng):
        """Learn from the rows of fit.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            What these are told.
        """
        if not self.levels:
            return np.empty((len(Y), 0), np.float32)
        weight = np.ones(len(Y)) if weight is None else weight
        folds = rng.permutation(len(Y)) % N_FOLDS
        columns: list[np.ndarray] = []
        self.means: list[np.ndarray] = []
        for places, n_places in self._places(encoder, X):
            own = np.empty(Y.shape)
            for fold in range(N_FOLDS):
                others, mine = folds != fold, folds == fold
                means = _means(places[others], n_places, Y[others], weight[others])
                own[mine] = means[places[mine]]
            columns.append(own)
            self.means.append(_means(places, n_places, Y, weight))
        told = np.hstack(columns)
        self.center, scale = told.mean(axis=0), told.std(axis=0)
        self.scale = np.where(scale > 0, scale, 1.0)
        return self._scaled(told)

    def columns(self, encoder, X):
        """What other rows are told."""
        if not self.levels:
            return None
        places = self._places(encoder, X)
        each = [m[p] for m, (p, _) in zip(self.means, places, strict=True)]
        return self._scaled(np.hstack(each))

    def _scaled(self, told):
        return ((told - self.center) / self.scale).clip(-3, 3).astype(np.float32)


def _means(places, n_places, Y, weight):
    """The mean of Y in each place, drawn towards that of all rows."""
    mean = np.average(Y, axis=0, weights=weight)
    counts = np.bincount(places, weight, n_places)[:, None]
    sums = [np.bincount(places, weight * y, n_places) for y in Y.T]
    return (np.transpose(sums) + STRENGTH * mean) / (counts + STRENGTH)

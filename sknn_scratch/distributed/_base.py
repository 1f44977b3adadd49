"""What the distributed estimators share: a fit over partitions, and what goes with it.

They are the estimators of one machine. Only where the rows are differs: targets,
networks, losses, optimisers and their attributes are the same objects.
"""

import copy
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _clone_parametrized, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_scratch._estimators.callbacks import watch
from sknn_scratch._estimators.diagnosis import check_weights
from sknn_scratch._estimators.mlp import MultilayerPerceptron
from sknn_scratch._estimators.parameters import check_options, warn_of_idle
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch.distributed import _prediction
from sknn_scratch.distributed._cluster import Cluster
from sknn_scratch.distributed._dask import current_client, is_array, is_collection
from sknn_scratch.distributed._shards import Setup
from sknn_scratch.distributed._solvers import (
    SCALINGS,
    RemoteProblem,
    scaled,
    solver_for,
)
from sknn_scratch.distributed._summaries import (
    common_dtype,
    example_targets,
    explicit_class_weight,
    without_the_empty,
)

OWN_CONSTRAINTS: dict = {
    "client": "no_validation",  # it is looked at when it is needed
    "local_epochs": [Interval(Integral, 1, None, closed="left"), None],
    "learning_rate_scaling": [StrOptions(set(SCALINGS)), None],
}


class Distributed(MultilayerPerceptron):
    """A perceptron whose fit takes collections of Dask's."""

    client: Any
    #: The estimator for rows in memory.
    _local: ClassVar[Any]

    @property
    def client_(self):
        """The Dask client: the parameter, or Dask's current one."""
        return current_client(self.client)

    @property
    def partial_fit(self):
        """Not here: ``to_local()`` goes on with rows in memory."""
        raise AttributeError(
            f"{type(self).__name__} has no partial_fit. The estimator that to_local() "
            "gives goes on with rows in memory; warm_start=True goes on with fit."
        )

    def to_local(self) -> Any:
        """Give the same model as an estimator for rows in memory.

        Returns
        -------
        ScratchMLPClassifier or ScratchMLPRegressor
            Fitted: it predicts the same, without Dask, and ``partial_fit`` goes on from
            here.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        names = self._local._parameter_constraints
        local = self._local(**{name: getattr(self, name) for name in names})
        fitted = {
            name: value
            for name, value in self.__getstate__().items()
            if name not in self._parameter_constraints
        }
        local.__setstate__(copy.deepcopy(fitted))
        return local

    # ---- fitting -----------------------------------------------------------------

    def _fit(self, X, y, sample_weight, given=(), incremental=False, classes=None):
        params = self._checked_params(given)
        watcher = watch(self, X, y, sample_weight, self.max_iter)
        with Cluster(self.client) as cluster:
            solver = self._on(cluster, params, watcher, X, y, sample_weight, given)
            solver.run(partial(self._snapshot, solver))
        return self._concluded(solver)

    def _checked_params(self, given):
        params = self._params()
        check_options(params, False, given)
        warn_of_idle(type(self), params, given)
        solver_for(params).check(params, given)
        return params

    def _on(self, cluster, params, watcher, X, y, sample_weight, given):
        """The solver, ready to run on the cluster's shards."""
        summaries = cluster.read(X, y, sample_weight, self.dtype, is_classifier(self))
        kept = without_the_empty(summaries)
        summaries = [summaries[i] for i in kept]
        network = self._adopted_network() if self.warm_start else None
        resumes = network is not None
        self._note_features(X, summaries[0], reset=not resumes)
        earlier = self._adopted_target(network) if resumes else None
        example = example_targets(summaries, is_classifier(self))
        target = self._target_for(example, earlier, False, None)

        random_state = check_random_state(self.random_state)
        before = self._before(network)
        shape = summaries[0].n_features, target.n_outputs
        dtype = common_dtype(summaries)
        network = self._network_for(shape, dtype, network, random_state)
        params = scaled(params, sum(each.n for each in summaries))
        problem = self._problem(
            cluster, params, network, target, random_state, summaries
        )
        seed = random_state.randint(2**32, dtype=np.int64)
        of_rows = self._with_class_weights(target, summaries)
        setup = Setup(network, problem.loss, of_rows, int(seed), self.shuffle)
        given = self._validated(given, target, network.dtype)
        cluster.encode(kept, setup)
        solver = solver_for(params)
        return solver(self, params, problem, before, watcher, False, given)

    def _problem(self, cluster, params, network, target, random_state, summaries):
        n_features, weight = summaries[0].n_features, None
        if summaries[0].total is not None:
            weight = np.array([each.total for each in summaries])
        problem = RemoteProblem(
            network,
            target,
            LOSSES[params["loss"]](target.link, params),
            np.empty((0, n_features), network.dtype),
            np.empty((0, target.n_outputs), network.dtype),
            weight,
            random_state,
            np.empty(0),
            cluster=cluster,
            lengths=[each.n for each in summaries],
        )
        check_weights(problem)
        return problem

    def _note_features(self, X, first, reset):
        """Take or check the number of features and their names."""
        meta = np.empty((1, first.n_features)) if is_array(X) else X._meta
        validate_data(self, meta, reset=reset, skip_check_array=True)

    def _with_class_weights(self, target, summaries):
        class_weight = getattr(self, "class_weight", None)
        if class_weight is None:
            return target
        weights = explicit_class_weight(class_weight, summaries)
        return target.settled(self.label_smoothing, weights)

    # ---- prediction --------------------------------------------------------------

    def _lazily(self, X, method):
        """The method's result for a collection; None for rows in memory."""
        if not is_collection(X):
            return None
        local = self.to_local().discard_training_state()
        return _prediction.lazily(local, X, method)

    def _score(self, X, y, sample_weight, *functions):
        """The score of a collection; None for rows in memory."""
        if not is_collection(X):
            return None
        local = self.to_local().discard_training_state()
        client = self.client
        return _prediction.score(local, client, X, y, sample_weight, *functions)

    # ---- copies ------------------------------------------------------------------

    def __sklearn_clone__(self):
        # The client is neither copied nor pickled: it is a connection.
        bare = copy.copy(self)
        twin = _clone_parametrized(bare)
        twin.client = self.client
        return twin

    def __getstate__(self):
        return {**super().__getstate__(), "client": None}

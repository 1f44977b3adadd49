"""scikit-learn's own attribute names, where they reach deeper than ours.

In scikit-learn ``coefs_`` and ``intercepts_`` *are* the model: assigning to them, or to
an entry, changes the predictions, and presetting them starts ``partial_fit`` from them.
Here they are views of one flat vector, so what a user assigned is taken over when it is
next needed; so is a whole model, restored from arrays or from scikit-learn's own
attributes. Private names that are read in the wild are computed when asked for.
"""

from itertools import pairwise

import numpy as np
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.targets import Classes, Labels, restored_target
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.state import TrainingState


class computed:
    """An attribute that is computed, unless the instance was given one."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance, cls=None):
        return self if instance is None else self.function(instance)


class SklearnNames(BaseNeuralEstimator):
    """Base of the estimators that are twins of scikit-learn's."""

    coefs_: list
    intercepts_: list

    _of_one_fit: tuple[str, ...] = (
        *BaseNeuralEstimator._of_one_fit,
        "_optimizer",
        "_label_binarizer",
        "_random_state",
    )

    def _dense_layers(self, sizes):
        """The layers of a multilayer perceptron of those sizes."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self):
        return "coefs_" in self.__dict__

    # ---- what a user assigned --------------------------------------------------------

    def _adopted_network(self):
        network = self.__dict__.get("_network")
        if "coefs_" not in self.__dict__:
            return None
        coefs, intercepts = self._assigned()
        if network is not None and self.activation == self._built_with:
            given = [*coefs, *intercepts]
            views = [*network.named["W"], *network.named["b"]]
            if len(given) == len(views) and all(map(_is, given, views)):
                return network
            arrays = [np.asarray(array) for array in given]
            if [array.shape for array in arrays] == [view.shape for view in views]:
                return network.with_theta(_flat(arrays))  # with its other layers' state
        return self._network_of([np.asarray(array) for array in (*coefs, *intercepts)])

    def _assigned(self):
        """Weights and intercepts of the layers that there are.

        As in scikit-learn, ``n_layers_`` says how many of them count.
        """
        coefs, intercepts = self.coefs_, self.__dict__.get("intercepts_", [])
        n = min(len(coefs), self.__dict__.get("n_layers_", len(coefs) + 1) - 1)
        if len(intercepts) < n:
            raise ValueError(
                f"{len(coefs)} coefs_ and {len(intercepts)} intercepts_ were "
                f"assigned: each of the {n} layers needs one of both."
            )
        return coefs[:n], intercepts[:n]

    def _network_of(self, given):
        """A network with the given weights, then intercepts, as its parameters."""
        shapes = [array.shape for array in given]
        n = len(shapes) // 2
        sizes = [shape[0] if shape else 0 for shape in (*shapes[:n], shapes[-1])]
        if [*pairwise(sizes), *((size,) for size in sizes[1:])] != shapes:
            raise ValueError(
                "coefs_ and intercepts_ must be one (n_in, n_out) and one (n_out,) "
                f"array for each layer, each n_in the n_out before it; got {shapes}."
            )
        return Network(self._dense_layers(sizes), _flat(given))

    def _adopted_target(self, network):
        target = self.__dict__.get("_target")
        classes = self._known_classes()
        if (
            target is not None
            and target.n_outputs == network.n_outputs
            and classes is target.attributes().get("classes_")
        ):
            return target
        if classes is None and is_classifier(self):
            return None
        return restored_target(
            classes,
            network.n_outputs,
            self.__dict__.get("out_activation_"),
            getattr(self, "loss", None),
        )

    def _known_classes(self):
        """``classes_``, or those of a label binarizer; None if nobody knows them."""
        binarizer = self.__dict__.get("_label_binarizer")
        return self.__dict__.get("classes_", getattr(binarizer, "classes_", None))

    def _adopted_state(self, network):
        theirs = self.__dict__.get("_optimizer")
        if theirs is None:
            return super()._adopted_state(network)
        return _state_of(theirs, self._params(), network.theta)

    # ---- private names ---------------------------------------------------------

    @computed
    def _optimizer(self):
        """The optimiser."""
        if "_training_state" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no optimiser now.")
        return self._training_state.optimizer

    @computed
    def _label_binarizer(self):
        """What scikit-learn encodes labels with."""
        target = self._adopted_target(self._adopted_network())
        if not isinstance(target, (Classes, Labels)):
            raise AttributeError("Only one output with classes, or labels, have one.")
        labels = LabelBinarizer()
        if isinstance(target, Labels):
            labels.fit(np.eye(target.n_outputs, dtype=int))
            labels.classes_ = self.classes_
            return labels
        return labels.fit(self.classes_)

    @computed
    def _random_state(self):
        """The generator of the next fit."""
        return check_random_state(self.random_state)

    def _forward_pass_fast(self, X, check_input=True):
        """The network's output for X, link applied."""
        return self._outputs(X)[1]

    def _loss_grad_lbfgs(self, theta, X, y, sample_weight, *unused_lists):
        """The objective and its gradient at theta, for 0/1 or numeric y (n, k)."""
        network = self._network
        np.copyto(network.theta, theta)
        loss = LOSSES[self.loss](self._target.link, self._params())
        plan = Plan(network, loss, len(y), self.alpha)
        value, grad = plan.value_and_grad(
            np.asarray(X, network.dtype), np.asarray(y, network.dtype), sample_weight
        )
        return value, grad


def _is(a, b):
    return a is b


def _flat(arrays):
    """The arrays as one vector, float32 or float64."""
    theta = np.concatenate([array.ravel() for array in arrays])
    if theta.dtype.kind not in "fiub":
        raise ValueError(
            f"coefs_ and intercepts_ must be real numbers, got dtype {theta.dtype}."
        )
    single = theta.dtype == np.float32
    return theta.astype(np.float32 if single else np.float64, copy=False)


def _state_of(theirs, params, theta):
    """A training's state with the moments of scikit-learn's optimiser, or None.

    None if they are of another solver or of other shapes.
    """
    slots = {"m": "ms", "v": "vs", "velocity": "velocities"}
    optimizer = OPTIMIZERS[params["solver"]](theta.shape, theta.dtype, params)
    for name in optimizer.slots:
        arrays = getattr(theirs, slots[name], None)
        if arrays is None or sum(array.size for array in arrays) != len(theta):
            return None
        optimizer.state[name][...] = np.concatenate([array.ravel() for array in arrays])
    # Adam's is that of its last step; the one it starts from is the schedule's.
    adam = hasattr(theirs, "ms")
    rate = theirs.learning_rate_init if adam else theirs.learning_rate
    optimizer.learning_rate = float(rate)
    optimizer.t = getattr(theirs, "t", 0)
    return TrainingState(optimizer, params["weight_averaging"], theta)

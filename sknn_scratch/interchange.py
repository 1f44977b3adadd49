"""ONNX and skops: fitted models for runtimes without Python, and files that are safe.

``register_onnx_converters()`` tells skl2onnx how to convert the estimators of this
package, alone and inside pipelines. The graphs compute in float32, whatever the model
was trained in: runtimes have kernels for it.

``SKOPS_TRUSTED`` names the types that skops finds in a saved model of this package, for
``skops.io.load(file, trusted=SKOPS_TRUSTED)``.
"""

import numpy as np

from sknn_scratch._estimators import targets
from sknn_scratch._estimators.convnet import ConvNetClassifier, ConvNetRegressor
from sknn_scratch._estimators.hidden_layers import HiddenLayerTransformer
from sknn_scratch._estimators.mlp import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.resnet import ResNetClassifier, ResNetRegressor
from sknn_scratch._estimators.tabular.estimators import (
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn_scratch._estimators.tabular.levels import LevelMeans
from sknn_scratch._estimators.tabular.repeats import Repeats
from sknn_scratch._estimators.tabular.targets import ScaledNumbers
from sknn_scratch._estimators.targets import Classes, Labels
from sknn_scratch._nn import layers
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.network import Network
from sknn_scratch._training.averaging import Averaging
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.state import TrainingState
from sknn_scratch.preprocessing import TabularEncoder, WhiteningTransformer
from sknn_scratch.preprocessing._levels import Levels
from sknn_scratch.preprocessing._numbers import Bins, Number
from sknn_scratch.preprocessing._tabular import Scaled

__all__ = ["SKOPS_TRUSTED", "register_onnx_converters"]

FLOAT, INT64 = 1, 7  # of onnx.TensorProto


def _classes_of(module, base=object):
    """The public classes of a module of this package, those of a base class alone."""
    return [
        member
        for name, member in vars(module).items()
        if isinstance(member, type)
        and issubclass(member, base)
        and member.__module__.startswith(module.__name__)
        and not name.startswith("_")
    ]


def _skops_names():
    """What a saved model can be made of, as skops names types; sorted."""
    types = {
        ScratchMLPClassifier,
        ScratchMLPRegressor,
        ResNetClassifier,
        ResNetRegressor,
        ConvNetClassifier,
        ConvNetRegressor,
        TabularMLPClassifier,
        TabularMLPRegressor,
        *(LevelMeans, Repeats, ScaledNumbers),
        HiddenLayerTransformer,
        WhiteningTransformer,
        TabularEncoder,
        *(Bins, Levels, Number, Scaled),
        Network,
        TrainingState,
        Averaging,
        *map(type, ACTIVATIONS.values()),
        *map(type, LINKS.values()),
        *OPTIMIZERS.values(),
        *_classes_of(targets),
        *_classes_of(layers, layers.Layer),
        *layers.POOLINGS.values(),
    }
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in types]
    return sorted([*names, "numpy.dtype"])  # an optimiser has one


#: The names of all types in a saved model of this package, ready for the argument
#: ``trusted`` of ``skops.io.load`` and ``skops_trusted_types`` of MLflow: every
#: estimator, transformer, activation, solver and kind of target. A class of your own,
#: such as an activation, is to be added: ``[*SKOPS_TRUSTED, "my_module.Sine"]``.
SKOPS_TRUSTED: list[str] = _skops_names()


class Graph:
    """Adds nodes to the graph of one estimator, each a function of the one before."""

    def __init__(self, scope, operator, container):
        self.scope, self.container = scope, container
        self.value = operator.inputs[0].full_name
        self.node("Cast", to=FLOAT)

    def name(self, stem):
        return self.scope.get_unique_variable_name(stem)

    def constant(self, array):
        array = np.asarray(array, np.float32)
        name = self.name("constant")
        self.container.add_initializer(name, FLOAT, array.shape, array.ravel().tolist())
        return name

    def integers(self, values):
        name = self.name("integers")
        self.container.add_initializer(name, INT64, [len(values)], list(values))
        return name

    def node(self, op, *others, **attributes):
        """value <- op(value, *others)"""
        out = self.name(op.lower())
        self.container.add_node(op, [self.value, *others], out, **attributes)
        self.value = out

    def activation(self, f):
        """value <- f(value), from the activation's own list of operators."""
        if f.onnx is None:
            raise NotImplementedError(
                f"{f!r} has no ONNX form: give it one in its attribute ``onnx``."
            )
        z = self.value
        for op, other in f.onnx:
            if isinstance(other, dict):
                self.node(op, **other)
            elif other is None:
                self.node(op)
            else:
                self.node(op, z if other == "z" else self.constant(other))

    def network(self, model, last=None):
        """The model's layers, up to the hidden layer ``last`` or all with the link."""
        network = model._adopted_network()
        layers = network.prediction_layers
        end = len(layers)
        if last is not None:
            end = layers.index(network.hidden_layers[last]) + 1
        for layer in layers[:end]:
            layer.onnx(self)
        if last is None:
            self.activation(model._link(model._adopted_target(network)))

    def output(self, variable, onnx_type):
        self.container.add_node("Cast", self.value, variable.full_name, to=onnx_type)


def _convert_classifier(scope, operator, container):
    from skl2onnx.common.data_types import guess_proto_type

    model = operator.raw_operator
    target = model._adopted_target(model._adopted_network())
    if not isinstance(target, (Classes, Labels)):
        raise NotImplementedError(
            "Multiclass-multioutput targets have no ONNX form: convert one classifier "
            "for each output."
        )
    label, probability = operator.outputs
    graph = Graph(scope, operator, container)
    graph.network(model)
    if isinstance(target, Classes) and target.n_outputs == 1:
        p = graph.value
        graph.value = graph.constant(1.0)
        graph.node("Sub", p)
        graph.node("Concat", p, axis=1)
    mu = graph.value
    graph.output(probability, guess_proto_type(probability.type))
    graph.value = mu
    if isinstance(target, Labels):
        graph.node("Greater", graph.constant(0.5))
        graph.output(label, INT64)
        return
    graph.node("ArgMax", axis=1, keepdims=0)
    index, classes = graph.value, scope.get_unique_variable_name("classes")
    if np.issubdtype(target.classes.dtype, np.number) or target.classes.dtype == bool:
        values = target.classes.astype(np.int64).tolist()
        container.add_initializer(classes, INT64, [len(values)], values)
    else:
        values = [str(c).encode() for c in target.classes]
        container.add_initializer(classes, 8, [len(values)], values)
    container.add_node(
        "ArrayFeatureExtractor",
        [classes, index],
        "flat_" + index,
        op_domain="ai.onnx.ml",
    )
    shape = scope.get_unique_variable_name("shape")
    container.add_initializer(shape, INT64, [1], [-1])
    container.add_node("Reshape", ["flat_" + index, shape], label.full_name)


def _convert_numbers(forward):
    """A converter with one output: ``forward(graph, model)`` adds its nodes."""

    def convert(scope, operator, container):
        from skl2onnx.common.data_types import guess_proto_type

        graph = Graph(scope, operator, container)
        forward(graph, operator.raw_operator)
        (out,) = operator.outputs
        graph.output(out, guess_proto_type(out.type))

    return convert


def _whiten(graph, model):
    graph.node("Sub", graph.constant(model.mean_))
    graph.node("MatMul", graph.constant(model.whitening_.T))


def _shapes(n_columns):
    """A shape calculator for ``n_columns(model)`` float columns."""

    def shape(operator):
        from skl2onnx.common.data_types import guess_tensor_type

        kind = guess_tensor_type(operator.inputs[0].type).__class__
        rows = operator.inputs[0].get_first_dimension()
        operator.outputs[0].type = kind([rows, n_columns(operator.raw_operator)])

    return shape


def register_onnx_converters() -> None:
    """Tell skl2onnx how to convert the estimators of this package.

    Call it once; ``skl2onnx.to_onnx`` then converts them, alone or inside a pipeline.
    The graphs compute in float32.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    Converting an activation of your own, or multiclass-multioutput targets, raises
    NotImplementedError; the message says what to do.

    Examples
    --------
    >>> from skl2onnx import to_onnx
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.interchange import register_onnx_converters
    >>> register_onnx_converters()
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier((8,), solver="lbfgs", alpha=1, max_iter=3000)
    >>> graph = to_onnx(model.fit(X, y), X[:1].astype("float32"))
    >>> [output.name for output in graph.graph.output]
    ['output_label', 'output_probability']
    """
    try:
        from skl2onnx import update_registered_converter
        from skl2onnx.common.shape_calculator import (
            calculate_linear_classifier_output_shapes,
        )
    except ImportError as error:
        raise ImportError(
            "register_onnx_converters needs skl2onnx: install it with 'pip install "
            "skl2onnx'."
        ) from error
    for cls in (ScratchMLPClassifier, ResNetClassifier, ConvNetClassifier):
        update_registered_converter(
            cls,
            f"SknnScratch{cls.__name__}",
            calculate_linear_classifier_output_shapes,
            _convert_classifier,
            options={
                "zipmap": [True, False, "columns"],
                "nocl": [True, False],
                "output_class_labels": [False, True],
            },
        )
    others: dict[type, tuple] = {
        ScratchMLPRegressor: (Graph.network, lambda model: model.n_outputs_),
        ResNetRegressor: (Graph.network, lambda model: model.n_outputs_),
        ConvNetRegressor: (Graph.network, lambda model: model.n_outputs_),
        WhiteningTransformer: (_whiten, lambda model: model._n_features_out),
        HiddenLayerTransformer: (
            lambda graph, model: graph.network(model.estimator_, model.layer),
            lambda model: model._n_features_out,
        ),
    }
    for other, (forward, n_columns) in others.items():
        update_registered_converter(
            other,
            f"SknnScratch{other.__name__}",
            _shapes(n_columns),
            _convert_numbers(forward),
        )

"""The paragraphs that the estimators' docstrings share, written once.

``@documented`` fills ``{name}`` in a class's or a method's docstring with the paragraph
of that name.
"""

import inspect
import re
from collections.abc import Callable
from textwrap import indent
from typing import TypeVar

from sknn_scratch._estimators.tabular_docstrings import TABULAR_PARAGRAPHS
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.layers import POOLINGS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, LOSSES, REGRESSION_LOSSES
from sknn_scratch._training.lbfgs import train_lbfgs
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES

Thing = TypeVar("Thing", bound=Callable)


def formula(entry):
    """The first paragraph of an entry's docstring: its equation."""
    return " ".join(str(inspect.getdoc(entry)).partition("\n\n")[0].split())


def _literal(entry):
    """The equation as code, a sentence as it is."""
    text = formula(entry)
    return f"``{text}``" if " = " in text or "<-" in text else text


def _choices(table):
    """The names of a table as numpydoc writes a choice, and a line for each."""
    names = ", ".join(f"'{name}'" for name in table)
    lines = "\n".join(f"- '{name}': {_literal(entry)}" for name, entry in table.items())
    return f"{{{names}}}", indent(lines, "    ")


def _parameter(name, default, what, table):
    names, lines = _choices(table)
    return f"{name} : {names}, default='{default}'\n    {what}\n\n{lines}"


def _losses(names):
    return {name: LOSSES[name] for name in names}


PARAGRAPHS = {
    **TABULAR_PARAGRAPHS,
    "fit_X": """\
X : {array-like, sparse matrix} of shape (n_samples, n_features)
    Training rows. float32 and float64 are kept; sparse input stays sparse. Of a file
    that is mapped into memory (``numpy.memmap``) a batch at a time is read.""",
    "fit_y_numbers": """\
y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    Target values.""",
    "sample_weight": """\
sample_weight : array-like of shape (n_samples,), default=None
    Weight of each row in the loss; None weighs all rows 1.""",
    "validation_set_of_fit": """\
X_val, y_val, sample_weight_val : array-like, default=None
    A validation set, scored after each epoch; with ``early_stopping=True`` it
    takes the place of the held-out rows.""",
    "validation_set_of_partial_fit": """\
X_val, y_val, sample_weight_val : array-like, default=None
    A validation set, scored after the epoch. With ``early_stopping=True`` the
    best weights are kept, and restored when the score has stalled.""",
    "batches": """\
batches : iterable of (X, y) or (X, y, sample_weight), or callable
    What each epoch goes through from its beginning: a list, a PyTorch DataLoader, an
    object with an ``__iter__`` of its own, or a function without arguments that
    returns an iterator, of a generator for example. X and y are as :meth:`fit` takes
    them, or tensors. Batches without rows are left out.""",
    "n_epochs": """\
n_epochs : int, default=None
    Number of epochs at most; None is ``max_iter``. Training ends before if the loss,
    or with early stopping the score, has stalled. There is no warning that so many
    epochs, given here, were used up.""",
    "buffer": """\
buffer_size : int, default=10000
    With ``shuffle=True`` rows are drawn from among so many, which are held in memory:
    large enough to mix what comes in order. 0 takes them as they come.
rebatch : bool, default=True
    Whether to cut the rows anew into batches of ``batch_size`` rows, 200 for 'auto'.
    False takes each batch that comes for one step, in the order given.""",
    "validation_set_of_fit_batches": """\
X_val, y_val, sample_weight_val : array-like, default=None
    A validation set, scored after each epoch, held in memory. ``early_stopping=True``
    needs it: no rows are held out here.""",
    "rows": """\
X : {array-like, sparse matrix} of shape (n_samples, n_features)
    Rows.""",
    "activation": _parameter(
        "activation",
        "relu",
        "Activation f of the hidden layers; or an :class:`Activation` of your own, or\n"
        "    a sequence with one for each hidden layer.",
        ACTIVATIONS,
    ),
    "activation_tanh": _parameter(
        "activation",
        "tanh",
        "Activation f of the residual layers; or an :class:`Activation` of your own.",
        ACTIVATIONS,
    ),
    "resnet": """\
n_layers : int, default=20
    Number K of residual layers.
step_size : float or 'auto', default='auto'
    Step length h. 'auto' is 5 / K: the layers share a fixed total time, so that
    deeper nets take finer steps along the same flow instead of growing. Range
    [0, inf).
width : int or None, default=None
    Number of units of every residual layer. None is the number of features, up to 64;
    more features are brought to 64 by the linear lift, as they are to any other width.
    With lift='pad' None is the number of features, and more than 64 give a warning:
    ``n_layers`` layers of p features have ``n_layers p^2`` weights.""",
    "resnet_lift": """\
lift : {'linear', 'pad'}, default='linear'
    Lift of the data to ``width``: a learned linear layer, or zeros.
tie_weights : bool, default=False
    Whether all layers share one W and one b: an autonomous differential equation.""",
    "resnet_attributes": """\
hidden_coefs_ : ndarray of shape (n_layers, width, width)
    W: a view of the network's parameters (read-only with tied weights).
hidden_intercepts_ : ndarray of shape (n_layers, width)
    b, likewise.
output_coef_ : ndarray of shape (width, n_outputs)
    omega.
output_intercept_ : ndarray of shape (n_outputs,)
    mu.
lift_coef_ : ndarray of shape (n_features, width)
    Weights of the linear lift, where there is one.
lift_intercept_ : ndarray of shape (width,)
    Its intercepts.""",
    "convnet": """\
filters : int or array-like of int, default=(10,)
    Number of filters of each convolution.
kernel_size : int, tuple or list, default=3
    Height and width of the filters: an integer for both, a tuple (height, width), or a
    list with an integer or a tuple for each convolution. On images of one row (or one
    column) an integer is the length along it, and the convolution one-dimensional.
hidden_layer_sizes : int or array-like of int, default=(50,)
    Units of each dense hidden layer behind the convolutions; ``()`` is none.""",
    "activation_convnet": _parameter(
        "activation",
        "relu",
        "Activation f of the convolutions and the hidden layers; or an\n"
        "    :class:`Activation` of your own, or a sequence with one for each of them.",
        ACTIVATIONS,
    ),
    "convnet_pooling": """\
image_shape : tuple of int or None, default=None
    Height, width and, if there are several, channels of the images that rows hold, row
    by row and the channels of a pixel side by side. None: a square image of one
    channel where the number of features is a square, else one row of pixels. Images
    that come as they are need none.
stride : int, tuple or list, default=1
    Pixels from one place of a filter to the next, given as ``kernel_size`` is.
padding : {'same', 'valid'}, default='same'
    'same' puts zeros around the image, so that maps have ``ceil(size / stride)`` pixels
    a side; with 'valid' filters stay inside it.
pool_size : int, tuple or list, default=2
    Height and width of the windows of pixels that become one, given as
    ``kernel_size`` is; 1 is no pooling. They lie side by side.
"""
    + _parameter(
        "pooling",
        "max",
        "What a window becomes; None: no pooling. Dropout comes after it.",
        POOLINGS,
    ).replace("}, default", "} or None, default"),
    "convnet_attributes": """\
coefs_ : list of ndarray
    Weights of the convolutions, (height, width, channels, filters), then those of the
    dense layers, (n_in, n_out): views of one flat vector. The first dense layer's
    inputs are the last maps, row by row and each row channel by channel.
intercepts_ : list of ndarray
    Intercepts of each layer, (filters,) or (n_out,): views of the same vector.
image_shape_ : tuple of int
    Height, width and channels of the images.""",
    "regression_loss": _parameter(
        "loss", "squared_error", "The loss to minimise.", _losses(REGRESSION_LOSSES)
    ),
    "training": _parameter(
        "solver",
        "adam",
        "'lbfgs' minimises over all rows at once, the best choice for small data;\n"
        "    the others go over minibatches.",
        {"lbfgs": train_lbfgs, **OPTIMIZERS},
    )
    + """
alpha : float, default=0.0001
    Strength of the L2 penalty ``alpha / (2 n) |W|^2``, n the (weighted) number of
    rows of the batch; intercepts are not penalised. Range [0, inf).
batch_size : int or 'auto', default='auto'
    Rows of a minibatch; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
"""
    + _parameter(
        "learning_rate",
        "constant",
        "Schedule of the learning rate eta. As in scikit-learn, only 'sgd' follows\n"
        "    'invscaling' and 'adaptive'; other solvers keep to 'constant' instead.\n"
        "    p is the share of ``max_iter`` epochs that is done.",
        SCHEDULES,
    )
    + """
learning_rate_init : float, default=0.001
    Initial learning rate eta_0 of the stochastic solvers. Range (0, inf).
power_t : float, default=0.5
    Exponent of 'invscaling'. Range [0, inf).
max_iter : int, default=200
    Maximum number of epochs, or of iterations of 'lbfgs'.
shuffle : bool, default=True
    Whether to shuffle the rows before each epoch.
random_state : int, RandomState instance or None, default=None
    Seed of the initial weights, the validation split and the shuffling. An int
    gives the same weights at every call.
tol : float, default=0.0001
    An epoch improves if the loss falls (or the validation score rises) by at least
    tol; for 'lbfgs', the largest component of the gradient at which to stop.
    Range [0, inf).
verbose : bool or int, default=False
    Whether to print the loss of each epoch.
warm_start : bool, default=False
    Whether fit goes on from the weights of the earlier fit.
momentum : float, default=0.9
    Momentum of 'sgd'. Range [0, 1].
nesterovs_momentum : bool, default=True
    Whether that momentum is Nesterov's.
early_stopping : bool, default=False
    Whether to hold out ``validation_fraction`` of the rows, stop when their score
    (accuracy, R^2) stalls, and restore the weights that scored best. The split is
    stratified for binary targets.
validation_fraction : float, default=0.1
    Part of the rows to hold out. Range [0, 1).
beta_1 : float, default=0.9
    Decay of the first moment in 'adam', 'adamw' and 'nadam'. Range [0, 1).
beta_2 : float, default=0.999
    Decay of the second moment there and in 'rmsprop'. Range [0, 1).
epsilon : float, default=1e-08
    Keeps the division by the second moment's root finite. Range (0, inf).
n_iter_no_change : int or inf, default=10
    Training stops after more than that many epochs in a row without improvement.
max_fun : int, default=15000
    Maximum number of evaluations of the objective, for 'lbfgs'.""",
    "classification": _parameter(
        "loss", "log_loss", "The loss to minimise.", _losses(CLASSIFICATION_LOSSES)
    )
    + """
focal_gamma : float, default=2.0
    Exponent of the focal loss; 0 is the log loss. Range [0, inf).
label_smoothing : float, default=0.0
    Targets are ``(1 - e) y + e / K``, K classes, instead of y (Szegedy et al., 2016).
    Range [0, 1).
class_weight : dict, list of dict, 'balanced' or None, default=None
    Weight of each class, by which the sample weights are multiplied; 'balanced' is
    ``n_samples / (n_classes * count)``. For several outputs a list of dicts, one for
    each; the weights of a row multiply.""",
    "regression": """\
quantile : float or None, default=None
    The quantile that loss='quantile' estimates. Range (0, 1).
huber_delta : float, default=1.0
    Residual at which loss='huber' turns from squared to absolute. Range (0, inf).""",
    "options": _parameter(
        "init", "glorot_uniform", "Distribution of the initial weights.", INITIALIZERS
    )
    + """
init_scale : float, default=0.1
    Half the width of init='uniform'. Range (0, inf).
coefs_init : list of array-like or None, default=None
    Initial weights, in the order and shapes of the fitted ones, instead of drawn ones.
intercepts_init : list of array-like or None, default=None
    Initial intercepts, likewise.
dropout : float or array-like, default=0.0
    Rate at which outputs of the hidden layers are dropped in training; one for all,
    or one for each (Srivastava et al., 2014). Range [0, 1).
input_dropout : float, default=0.0
    Rate at which inputs are dropped in training. Range [0, 1).
weight_decay : float, default=0.01
    Decoupled decay of 'adamw': each step multiplies the weights by
    ``1 - eta weight_decay``. Range [0, inf).
warmup_fraction : float, default=0.0
    Share of all steps over which the schedules 'cosine', 'linear' and 'one_cycle'
    first rise linearly to ``learning_rate_init``. Range [0, 1).
clip_norm : float or None, default=None
    Largest Euclidean norm of a step's gradient; a longer one is scaled down
    (Pascanu et al., 2013). Range (0, inf).
weight_averaging : float or None, default=None
    Decay d of an exponential moving average of the weights, updated at each step,
    which takes the weights' place in validation and prediction (Polyak and Juditsky,
    1992). Range (0, 1).
scoring : str, callable or None, default=None
    Score of the validation set: a scorer's name, a callable ``scorer(estimator, X,
    y)``, 'loss' for minus the validation loss, or None for accuracy or R^2.
dtype : {'float32', 'float64'} or None, default=None
    Precision of the computation; None takes the dtype of X.""",
    "training_attributes": """\
loss_ : float
    The objective at the end: the mean loss over the last epoch's batches ('sgd',
    'adam') or over all rows ('lbfgs'), penalty included.
best_loss_ : float or None
    The lowest loss of any epoch; None with early stopping.
loss_curve_ : list of float
    The loss of each epoch or iteration.
validation_scores_ : list of float or None
    The validation score of each epoch; None without a validation set.
validation_loss_curve_ : list of float or None
    The loss on the validation set after each epoch, penalty left out.
best_validation_score_ : float or None
    The best score; None without early stopping.
best_iter_ : int
    The epoch, counted from 1, with the lowest loss, or with early stopping the best
    score: the one whose weights are kept.
t_ : int
    Number of rows seen in training, repetitions counted; 0 for 'lbfgs'.
n_iter_ : int
    Number of epochs or iterations.
n_layers_ : int
    Number of layers, input and output included.
n_outputs_ : int
    Number of output units.
out_activation_ : str
    Name of the link that turns the last layer's output into predictions.
n_features_in_ : int
    Number of features seen in fit.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names, if X had names that are all strings.""",
    "mlp_sizes": """\
hidden_layer_sizes : int or array-like of shape (n_layers - 2,), default=(100,)
    Units of each hidden layer. ``()`` is no hidden layer: logistic, multinomial or
    linear regression.""",
    "mlp_attributes": """\
coefs_ : list of ndarray
    Weights of each layer, (n_in, n_out): views of one flat vector.
intercepts_ : list of ndarray
    Intercepts of each layer, (n_out,): views of the same vector.""",
    "cluster_parameters": """\
client : dask.distributed.Client or None, default=None
    The client whose workers fit; None takes Dask's current one. It is neither
    cloned nor pickled.
local_epochs : int or None, default=None
    None: every step is one step of all partitions together. k: each partition does
    k epochs of its own in steps of ``batch_size`` rows, then the weights are
    averaged (McMahan et al., 2017), which moves a thousandth of the bytes;
    ``max_iter`` and ``n_iter_`` then count these rounds.
learning_rate_scaling : {'sqrt', 'linear'} or None, default='sqrt'
    Multiplies ``learning_rate_init`` by the root of r, or by r (Goyal et al.,
    2017), where a step of all partitions together takes r times 200 rows, r > 1.
    Not used by 'lbfgs', nor with ``local_epochs``.""",
    "cluster_notes": """\
``batch_size="auto"`` is a fiftieth of the rows here, at least 200 and at most
10,000, and 200 rows with ``local_epochs``. ``early_stopping`` needs a validation
set, ``X_val`` and ``y_val``.

References
----------
Goyal et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour.
arXiv:1706.02677.

McMahan, Moore, Ramage, Hampson and Aguera y Arcas (2017). Communication-efficient
learning of deep networks from decentralized data. AISTATS.""",
    "cluster_X": """\
X : dask array of shape (n_samples, n_features), or dask dataframe
    Training rows, in partitions along the rows. If all are float32 the network
    is, else it is float64.""",
    "cluster_weights": """\
sample_weight : dask array or series, default=None
    Weight of each row in the loss; None weighs all rows 1.
X_val, y_val, sample_weight_val : array-like, default=None
    A validation set in memory, scored on the client after each epoch.""",
    "cluster_errors": """\
TypeError
    If X, y or the weights are no collections of Dask's.
ValueError
    For wrong parameters, without a client or workers, for partitions that do
    not fit together, for NaN or infinite input, or for weights that diverge.
    The estimator is then as it was before, and the workers are free.""",
    "about_batches": """\
What :meth:`fit` would learn from all rows at once, up to their order: with
``shuffle=False``, or where all rows find room in the buffer, the weights are
the same. It starts afresh unless ``warm_start=True``.""",
    "errors_of_batches": """\
AttributeError
    With ``solver="lbfgs"``, which needs all rows at once.
TypeError
    For batches that nothing can go through.
ValueError
    As :meth:`fit`, the batch being named; for batches that can be gone
    through once where several passes are needed; for no rows at all; and with
    ``early_stopping=True`` without a validation set. The estimator is then as
    it was before.""",
}


def documented(thing: Thing) -> Thing:
    """Fill in the shared paragraphs of a docstring, and the thing's own defaults.

    ``thing`` is a class or a function.
    """
    doc = str(inspect.getdoc(thing))
    for name, paragraph in PARAGRAPHS.items():
        doc = doc.replace(f"{{{name}}}", paragraph)
    for name, parameter in inspect.signature(thing).parameters.items():
        line = rf"^({name} : .*, default=).*$"
        default = repr(parameter.default).replace("\\", r"\\")
        doc = re.sub(line, rf"\g<1>{default}", doc, flags=re.MULTILINE)
    thing.__doc__ = doc
    return thing

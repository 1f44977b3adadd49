"""The paragraphs that the estimators' docstrings share, written once.

``@documented`` fills ``{name}`` in a class's docstring with the paragraph of that name.
"""

import inspect
from textwrap import indent

from sknn_scratch._activations import ACTIVATIONS


def formula(entry):
    """The first line of an entry's docstring: its equation."""
    return inspect.getdoc(entry).splitlines()[0]


def _choices(table):
    names = ", ".join(f"'{name}'" for name in table)
    lines = "\n".join(f"- '{name}': {formula(entry)}" for name, entry in table.items())
    return f"{{{names}}}", lines


_ACTIVATION_NAMES, _ACTIVATION_LINES = _choices(ACTIVATIONS)

PARAGRAPHS = {
    "activation": f"""\
activation : {_ACTIVATION_NAMES}, default='relu'
    Activation f of the hidden layers.

{indent(_ACTIVATION_LINES, "    ")}""",
    "training": """\
solver : {'lbfgs', 'sgd', 'adam'}, default='adam'
    'lbfgs' minimises over all rows at once with a quasi-Newton method, the best
    choice for small data. 'sgd' is stochastic gradient descent, 'adam' the method
    of Kingma and Ba; both go over minibatches.
alpha : float, default=0.0001
    Strength of the L2 penalty ``alpha / (2 n) |W|^2``, n the (weighted) number of
    rows of the batch; intercepts are not penalised. Range [0, inf).
batch_size : int or 'auto', default='auto'
    Rows of a minibatch; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
    Schedule of the learning rate, for solver='sgd'. 'invscaling' sets
    ``learning_rate_init / (t + 1)^power_t`` after each epoch, t samples having
    been seen; 'adaptive' divides the rate by 5 each time the loss (or validation
    score) has stalled, and stops below 1e-6.
learning_rate_init : float, default=0.001
    Learning rate of 'sgd' and 'adam'. Range (0, inf).
power_t : float, default=0.5
    Exponent of 'invscaling'. Range [0, inf).
max_iter : int, default=200
    Most epochs ('sgd', 'adam') or iterations ('lbfgs').
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
    Decay of Adam's first moment. Range [0, 1).
beta_2 : float, default=0.999
    Decay of Adam's second moment. Range [0, 1).
epsilon : float, default=1e-08
    Keeps Adam's division finite. Range (0, inf).
n_iter_no_change : int or inf, default=10
    Training stops after more than that many epochs in a row without improvement.
max_fun : int, default=15000
    Most evaluations of the objective, for 'lbfgs'.""",
    "training_attributes": """\
loss_ : float
    The objective at the end: the mean loss over the last epoch's batches ('sgd',
    'adam') or over all rows ('lbfgs'), penalty included.
best_loss_ : float or None
    The lowest loss of any epoch; None with early stopping.
loss_curve_ : list of float
    The loss of each epoch or iteration.
validation_scores_ : list of float or None
    The held-out score of each epoch; None without early stopping.
best_validation_score_ : float or None
    The best of them.
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
feature_names_in_ : ndarray of shape (n_features_in_,)
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
}


def documented(cls):
    """Fill in the shared paragraphs of a class's docstring."""
    doc = inspect.getdoc(cls)
    for name, paragraph in PARAGRAPHS.items():
        doc = doc.replace(f"{{{name}}}", paragraph)
    cls.__doc__ = doc
    return cls

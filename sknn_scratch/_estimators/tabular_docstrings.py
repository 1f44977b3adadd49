"""The paragraphs that the tabular estimators' docstrings share: see ``docstrings``."""

TABULAR_PARAGRAPHS = {
    "tabular_X": """\
X : {array-like, DataFrame} of shape (n_samples, n_features)
    The table.""",
    "tabular_fit": """\
sample_weight : array-like of shape (n_samples,), default=None
    Weight of each row, in training and in the choice of the best weights.
X_val : {array-like, DataFrame} of shape (n_val, n_features), default=None
    Rows that all nets hold out: they choose the epochs and the mixture.
y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
    Their targets.
sample_weight_val : array-like of shape (n_val,), default=None
    Their weights.""",
    "tabular_method": """\
Small nets are trained at once, each on other rows, from three views of the table: its
raw columns, these and bins of its numbers, and these, bins and learned cosines. Each
net keeps the weights that do best on the rows that it holds out; these rows also say
how the views are mixed.""",
    "tabular_parameters": """\
n_members : int, default=8
    Number of nets of each view; each holds out another part of the rows.
views : 'auto' or array-like of {'raw', 'bins', 'cosines'}, default='auto'
    What the nets see of the table; 'auto' takes all three. ``["bins"]`` alone is the
    fast setting.
max_iter : int or 'auto', default='auto'
    Number of epochs of each view. 'auto' follows from the number of rows.
max_time : float or None, default=None
    Seconds that training may take, checked after each epoch. Where they do not suffice
    the schedule is shortened; how much depends on the machine. None: as many as it
    takes.
batch_size : int, default=128
    Number of rows of a minibatch.
learning_rate_init : float, default=0.04
    Largest learning rate of the one-cycle schedule; that of a layer's weights is
    divided by the root of its number of inputs. Range (0, inf).
weight_decay : float, default=0.02
    Decoupled weight decay. Range [0, inf).""",
    "tabular_more_parameters": """\
n_bins : int or None, default=16
    Largest number of bins for each number; with 0 or None there is one view, the raw
    columns.
n_cosines : int, default=4
    Number of cosines of each number, in the view that has them; fewer in tables of more
    than 25 numbers.
categorical_features : 'from_dtype', array-like of {bool, int, str} or None, \
default='from_dtype'
    Which columns are categories: names, indices, or a boolean mask. 'from_dtype' takes
    the strings and the columns of dtype category. None takes none of them.
validation_fraction : float or None, default=None
    Share of the rows that all nets hold out. None: each holds out another part. Range
    (0, 1).
scoring : str, callable or None, default=None
    A scorer of scikit-learn, or 'loss': its score of the rows that a net holds out
    says which of its epochs was best. None: accuracy of classes, the loss of numbers.
verbose : bool, default=False
    Whether a line is printed for each epoch.
n_jobs : int or None, default=None
    Number of processes that the views are trained in, as in joblib; the result is the
    same.
random_state : int, RandomState instance or None, default=None
    Decides the folds, the initial weights and the order of the rows.""",
    "tabular_attributes": """\
encoder_ : TabularEncoder
    What turns the table into a matrix.
mixing_weights_ : ndarray of shape (n_views,)
    Weight of each view in the prediction; they add up to 1.
prior_strength_ : float
    Where equal rows were in fit, the mean of their targets and of the prediction is
    taken, and the prediction counts as so many rows. Infinity if that did not help.
history_ : list of dict
    A record for each epoch of each view: ``view``, ``epoch``, ``loss``,
    ``validation_loss``, ``validation_score``, ``learning_rate``, ``seconds``, the means
    over its nets.
loss_curve_, validation_loss_curve_ : list of float
    The loss after each epoch in training and on the rows held out, the mean over all
    nets that are still in training.
validation_loss_curves_ : list of list of list of float
    For each view and net the loss on the rows it holds out, after each epoch.
best_iter_ : ndarray of int of shape (n_views, n_members)
    The epoch that each net's weights are from.
n_iter_ : int
    Number of epochs, of the view that has most.
n_features_in_ : int
    Number of columns of the table.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names, if X had names that are all strings.""",
    "tabular_references": """\
Holzmüller, Grinsztajn and Steinwart (2024). Better by default: strong pre-tuned MLPs
and boosted trees on tabular data. NeurIPS. arXiv:2407.04491.

Gorishniy, Rubachev and Babenko (2022). On embeddings for numerical features in tabular
deep learning. NeurIPS. arXiv:2203.05556.""",
}

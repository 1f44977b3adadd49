"""fit_batches: the weights of fit where the batches are the same."""

import copy
import pickle
import signal

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier

from sknn_scratch import (
    ConvNetClassifier,
    ConvNetRegressor,
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import PROGRESSIVE, SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 103
rng = np.random.RandomState(0)
X = rng.standard_normal((N, 9))
y = (X[:, 0] > 0) + 2 * (X[:, 1] > 0.5)
LABELS = (X[:, :3] > 0.3).astype(int)
OUTPUTS = np.c_[y, LABELS[:, 0] + 5]
NUMBERS = np.c_[X[:, 0] + X[:, 1], X[:, 2] ** 2]
weight = rng.uniform(size=N)
weight[:13] = 0

classifier = ScratchMLPClassifier((5,), max_iter=4, batch_size=10, random_state=0)
regressor = ScratchMLPRegressor(
    hidden_layer_sizes=(5,), max_iter=4, batch_size=10, random_state=0
)
ESTIMATORS = [
    classifier,
    regressor,
    ResNetClassifier(2, width=4, max_iter=3, random_state=0),
    ResNetRegressor(n_layers=2, width=4, max_iter=3, random_state=0),
    ConvNetClassifier((2,), max_iter=3, random_state=0),
    ConvNetRegressor(filters=(2,), max_iter=3, random_state=0),
]
each = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)


def parts(*arrays, size=24):
    """The rows in batches."""
    return [
        tuple(array[start : start + size] for array in arrays)
        for start in range(0, N, size)
    ]


def learnt(model):
    names = (
        "loss_curve_ best_loss_ n_iter_ t_ best_iter_ validation_scores_ "
        "validation_loss_curve_ best_validation_score_"
    )
    values = {name: getattr(model, name) for name in names.split()}
    rates = [record["learning_rate"] for record in model.history_]
    return {**values, "rates": rates}


def assert_equal(ours, theirs):
    np.testing.assert_array_equal(ours._network.theta, theirs._network.theta)
    assert learnt(ours) == learnt(theirs)
    assert vars(ours).keys() == vars(theirs).keys()


def of_training(**options):
    return pytest.param(options, id=" ".join(map(str, options.values())))


TRAININGS = [
    *(of_training(solver=solver) for solver in OPTIMIZERS),
    *(of_training(solver="sgd", learning_rate=name) for name in SCHEDULES),
    *(
        of_training(learning_rate=name, warmup_fraction=0.2)
        for name in sorted(PROGRESSIVE)
    ),
    of_training(clip_norm=0.1, weight_averaging=0.9),
    of_training(alpha=3.0, dropout=0.3, input_dropout=0.1),
    of_training(dtype="float32", solver="adamw"),
    of_training(max_iter=60, tol=0.05, n_iter_no_change=2),
    of_training(batch_size="auto"),
    of_training(batch_size=N),
]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("options", TRAININGS)
def test_every_training_is_that_of_fit(options, shuffle):
    for model, target in ((classifier, y), (regressor, NUMBERS)):
        model = clone(model).set_params(shuffle=shuffle, **options)
        ours = clone(model).fit_batches(parts(X, target, weight))
        assert_equal(ours, clone(model).fit(X, target, weight))


@each
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_estimator(estimator, shuffle):
    model = clone(estimator).set_params(shuffle=shuffle)
    ours, theirs = clone(model).fit_batches(parts(X, y)), clone(model).fit(X, y)
    assert_equal(ours, theirs)
    for going_on in (lambda m: m.partial_fit(X, y), lambda m: pickle.dumps(m)):
        going_on(ours), going_on(theirs)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert_equal(ours, theirs)


def test_warm_start_goes_on():
    ours, theirs = (clone(classifier).set_params(warm_start=True) for _ in range(2))
    for _ in range(2):
        ours.fit_batches(parts(X, y))
        theirs.fit(X, y)
        assert_equal(ours, theirs)
    # The classes are known, and need not all be there: one pass will do.
    ours.fit_batches(iter([(X[y > 0], y[y > 0])]), n_epochs=1)
    np.testing.assert_array_equal(ours.classes_, [0, 1, 2, 3])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        ours.fit_batches(parts(X, y), classes=[0, 1])


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize(
    "target",
    [
        y,
        np.sort(y),
        np.array(list("dbca"))[y],
        LABELS,
        sparse.csr_matrix(LABELS),
        OUTPUTS,
    ],
    ids=["classes", "in order", "text", "labels", "sparse labels", "outputs"],
)
def test_every_target(target, class_weight, shuffle):
    model = clone(classifier).set_params(
        class_weight=class_weight, shuffle=shuffle, label_smoothing=0.1
    )
    batches = parts(X, target)
    ours, theirs = clone(model).fit_batches(batches), clone(model).fit(X, target)
    assert_equal(ours, theirs)
    a, b = ours.predict(X), theirs.predict(X)
    assert type(a) is type(b)
    for p, q in zip(ours.predict_proba(X), theirs.predict_proba(X), strict=True):
        np.testing.assert_array_equal(p, q)


def test_classes_may_be_told():
    once = iter(parts(X, y))
    model = clone(classifier).fit_batches(once, n_epochs=1, classes=range(6))
    np.testing.assert_array_equal(model.classes_, range(6))
    assert model.n_iter_ == 1
    balanced = clone(model).set_params(class_weight="balanced")
    balanced.fit_batches(parts(X, y), classes=range(6))
    several = clone(classifier).fit_batches(
        parts(X, OUTPUTS), classes=[np.arange(5), np.arange(4, 7)]
    )
    assert [len(classes) for classes in several.classes_] == [5, 3]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_rows(form, shuffle):
    rows = sparse.csr_matrix(np.where(X > 0.5, X, 0))
    model = clone(classifier).set_params(shuffle=shuffle)
    batches = [(form(part), target) for part, target in parts(rows, y)]
    assert_equal(clone(model).fit_batches(batches), clone(model).fit(rows, y))


def test_batches_as_they_come():
    model = clone(classifier).set_params(shuffle=False, batch_size=20)
    batches = parts(X, y, size=20)
    ours = clone(model).set_params(batch_size=7, shuffle=True)
    ours.fit_batches(batches, rebatch=False)
    assert_equal(ours, clone(model).fit(X, y))
    uneven = [(X[:3], y[:3]), (X[3:], y[3:])]
    for rate in ("constant", "cosine"):
        model.set_params(learning_rate=rate).fit_batches(uneven, rebatch=False)
        assert model._training_state.optimizer.t == 8


def test_a_small_buffer():
    """Another order, of the same rows; a seed gives it again."""
    ours, again = (
        clone(classifier).fit_batches(parts(X, y), buffer_size=40) for _ in range(2)
    )
    assert_equal(ours, again)
    assert ours.t_ == 4 * N
    ordered = clone(classifier).set_params(shuffle=False).fit_batches(parts(X, y))
    assert not np.array_equal(ours.coefs_[0], ordered.coefs_[0])
    unbuffered = clone(classifier).fit_batches(parts(X, y), buffer_size=0)
    np.testing.assert_array_equal(unbuffered.coefs_[0], ordered.coefs_[0])


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss"])
def test_early_stopping(scoring):
    model = clone(classifier).set_params(
        early_stopping=True, scoring=scoring, max_iter=40, n_iter_no_change=2, tol=0.01
    )
    given = {"X_val": X[:30], "y_val": y[:30], "sample_weight_val": weight[:30] + 1}
    ours = clone(model).fit_batches(parts(X, y), **given)
    assert_equal(ours, clone(model).fit(X, y, **given))
    assert ours.n_iter_ < 40
    with pytest.raises(ValueError, match="unless it is given a validation set, X_val"):
        clone(model).fit_batches(parts(X, y))
    with pytest.raises(ValueError, match="X_val and y_val must be given together"):
        clone(model).fit_batches(parts(X, y), X_val=X)


def test_frames_and_a_loader():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pd.DataFrame(X, columns=list("abcdefghi"))
    theirs = clone(classifier).fit(frame, y)
    chunks = [(rows, pd.Series(labels)) for rows, labels in parts(frame, y)]
    ours = clone(classifier).fit_batches(chunks)
    assert_equal(ours, theirs)
    chunks[1] = chunks[1][0].rename(columns={"b": "z"}), chunks[1][1]
    with pytest.raises(ValueError, match=r"(?s)In batch 1 .*feature names.*- z"):
        clone(classifier).fit_batches(chunks)


def test_a_data_loader():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y))
    loader = torch.utils.data.DataLoader(data, batch_size=10)
    model = clone(classifier).set_params(shuffle=False)
    ours = clone(model).fit_batches(loader, rebatch=False)
    assert_equal(ours, clone(model).fit(X, y))


def test_images():
    images = X.reshape(N, 3, 3)
    model = ESTIMATORS[-2]
    ours = clone(model).fit_batches(parts(images, y))
    assert_equal(ours, clone(model).fit(images, y))
    with pytest.raises(ValueError, match=r"In batch 1 .*fit was given images"):
        clone(model).fit_batches([(images, y), (X, y)])


def changed(array, place, value):
    array = array.astype(float)
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("batches", "options", "message"),
    [
        ([], {}, "batches gave no rows"),
        ([(X, y), (X[:, :4], y)], {}, "In batch 1 .*X has 4 features, but .* 9"),
        ([(X, y), (X, y[:5])], {}, r"In batch 1 .*inconsistent numbers .*\[103, 5\]"),
        ([(X, y), (changed(X, 3, np.nan), y)], {}, "In batch 1 .*X contains NaN"),
        ([(X, y), (X, changed(y, 3, np.nan))], {}, "In batch 1 .*y contains NaN"),
        ([(X, y), (X, y + 1)], {"classes": range(4)}, r"In batch 1 .*not in `self.c"),
        ([(X, y, weight), (X, y)], {}, "In batch 1 .*There is no sample_weight, but"),
        ([(X, y), (X, y, weight)], {}, "In batch 1 .*There is a sample_weight, but"),
        ([(X, y, weight[:4])], {}, r"In batch 0 .*sample_weight.shape == \(4,\)"),
        ([(X, y, 0 * weight[:4])], {}, r"In batch 0 .*sample_weight.shape == \(4,\)"),
        ([(X, y, 0 * weight)], {}, "All rows have the weight zero"),
        ([(X, y), (sparse.csr_array(X), y)], {}, "In batch 1 .*X is sparse, but"),
        ([(X, y), (X, LABELS)], {"classes": range(4)}, "In batch 1 .*y is multilabel"),
        ((part for part in parts(X, y)), {}, "a generator, which gives its batches"),
        ([(X, y)], {"n_epochs": 0}, "n_epochs must be an integer of at least 1 or No"),
        ([(X, y)], {"n_epochs": True}, "n_epochs must be an integer"),
        ([(X, y)], {"buffer_size": -1}, "buffer_size must be an integer of at least 0"),
        ([(X, y)], {"rebatch": "no"}, "rebatch must be True or False, got 'no'"),
    ],
)
def test_bad_batches(batches, options, message):
    """Each has its message, and leaves the estimator as it was."""
    model = clone(classifier).fit(X[:, :3], y)
    before = copy.deepcopy(vars(model))
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.fit_batches(batches, **options)
    assert vars(model).keys() == before.keys()
    np.testing.assert_array_equal(model._network.theta, before["_network"].theta)
    assert model.n_features_in_ == 3


@pytest.mark.parametrize("learning_rate", ["constant", "cosine"])
def test_an_iterator_that_is_used_up(learning_rate):
    model = clone(classifier).set_params(learning_rate=learning_rate)
    once = iter(parts(X, y))
    with pytest.raises(ValueError, match="each pass needs an iterator of its own"):
        model.fit_batches(lambda: once)


def test_numbers_of_another_shape():
    with pytest.raises(ValueError, match=r"In batch 1 .*y has 1 output.* had 2"):
        clone(regressor).fit_batches([(X, NUMBERS), (X, NUMBERS[:, 0])])
    with pytest.raises(ValueError, match=r"In batch 0 .*y must be real numbers"):
        clone(regressor).fit_batches([(X, y.astype(str))])


def test_lbfgs_has_no_batches():
    model = clone(classifier).set_params(solver="lbfgs")
    assert not hasattr(model, "fit_batches")
    with pytest.raises(AttributeError) as error:
        model.fit_batches([(X, y)])
    assert "solver='lbfgs' needs all rows at once" in str(error.value.__cause__)


def test_float32_stays():
    """The first batch says the dtype; what is too large for it is an error."""
    single = X.astype("f4")
    model = clone(classifier).fit_batches([(single, y), (X, y)])
    assert model.coefs_[0].dtype == np.float32
    batches = [(single, y), (changed(X, 3, 1e300), y)]
    too_large = pytest.raises(ValueError, match=r"In batch 1 .*dtype\('float32'\)")
    with too_large, np.errstate(over="ignore"):
        model.fit_batches(batches)


def test_no_warning_of_epochs_that_were_asked_for(recwarn):
    clone(classifier).fit_batches(parts(X, y), n_epochs=2)
    assert not recwarn.list
    with pytest.warns(UserWarning, match=r"Maximum iterations \(4\) reached"):
        clone(classifier).fit_batches(parts(X, y))


def test_ctrl_c_keeps_what_there_is():
    n = 0

    def batches():
        nonlocal n
        for part in parts(X, y):
            n += 1
            if n == 13:  # in the third pass, the first being for the classes
                signal.raise_signal(signal.SIGINT)
            yield part

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = clone(classifier).fit_batches(batches)
    assert model.n_iter_ == 1


def test_callbacks_are_told():
    pytest.importorskip(
        "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
    )
    told = []

    class Told:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            told.append(fitted_estimator.predict(X))
            return len(told) == 2

    for estimator in (classifier, ESTIMATORS[4]):
        told.clear()
        model = clone(estimator).set_callbacks(Told())
        model.fit_batches(parts(X, y))
        assert model.n_iter_ == 2
        assert len(told) == 3


def test_verbose(capsys):
    clone(classifier).set_params(verbose=True).fit_batches(parts(X, y))
    ours = capsys.readouterr().out
    clone(classifier).set_params(verbose=True).fit(X, y)
    assert ours == capsys.readouterr().out
    assert ours.startswith("Iteration 1, loss = ")


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [3, 24])
def test_who_reads_may_use_one_array_for_all_batches(size, shuffle):
    def batches():
        buffer, numbers = np.empty((size, 9)), np.empty((size, 2))
        for rows, targets in parts(X, NUMBERS, size=size):
            n = len(rows)
            buffer[:n], numbers[:n] = rows, targets
            yield buffer[:n], numbers[:n]

    model = clone(regressor).set_params(shuffle=shuffle)
    assert_equal(clone(model).fit_batches(batches), clone(model).fit(X, NUMBERS))


@each
def test_more_rows_than_are_held(estimator):
    """A stream of two hundred batches; one of them, and the buffer, are alive."""
    alive, most = 0, 0

    class Counted(np.ndarray):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def batches():
        nonlocal alive, most
        for i in range(200):
            part = X[:50].view(Counted) + i / 1000
            alive += 1
            most = max(most, alive)
            target = y[:50] if is_classifier(estimator) else X[:50, 0]
            yield part, target
            del part

    model = clone(estimator).set_params(batch_size=50)
    model.fit_batches(batches, n_epochs=1, buffer_size=100)
    assert model.t_ == 200 * 50
    assert most <= 12

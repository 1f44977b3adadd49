"""The record of a training: one row for each epoch, the first words scikit-learn's."""

import numpy as np

from sknn_scratch._training.progress import Progress


def told(*validation, rate=0.5, with_rate=False):
    progress, lines = Progress(), []
    progress.begin()
    progress.epoch_done(1.5, rate)
    if validation:
        progress.validated(*validation)
    progress.tell(lines.append, with_rate)
    return progress, lines


def test_an_epochs_record():
    progress, _ = told(2.5, 0.75)
    (record,) = progress.history
    seconds = record.pop("seconds")
    assert record == {
        "epoch": 1,
        "loss": 1.5,
        "learning_rate": 0.5,
        "validation_loss": 2.5,
        "validation_score": 0.75,
    }
    assert 0 <= seconds < 60
    assert isinstance(record["loss"], np.float64)
    assert progress.n_iter == 1
    assert progress.loss == 1.5


def test_lines():
    assert told()[1] == ["Iteration 1, loss = 1.50000000"]
    assert told(2.5, 0.75)[1] == [
        "Iteration 1, loss = 1.50000000, validation loss = 2.50000000",
        "Validation score: 0.750000",
    ]
    assert told(rate=1e-4, with_rate=True)[1] == [
        "Iteration 1, loss = 1.50000000, learning rate = 0.0001"
    ]


def test_an_iteration_without_a_rate():
    progress = Progress()
    progress.begin()
    progress.epoch_done(1.0)
    assert "learning_rate" not in progress.history[0]


def test_curves_are_the_columns():
    progress = Progress()
    for loss in (3.0, 2.0):
        progress.begin()
        progress.epoch_done(loss)
    assert progress.curve("loss") == [3.0, 2.0]
    assert progress.curve("validation_score") == []

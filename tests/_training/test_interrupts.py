"""Ctrl-C: it ends one training, or all that is going on."""

from contextvars import Context

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.validation import check_is_fitted

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch._training import lbfgs, loop
from sknn_scratch._training.interrupts import ctrl_c_ends_all, keeps_the_training

X, y = load_iris(return_X_y=True)


def test_a_training_is_kept_but_in_a_block():
    assert keeps_the_training()
    with ctrl_c_ends_all():
        assert not keeps_the_training()
        with ctrl_c_ends_all():
            assert not keeps_the_training()
        assert not keeps_the_training()
    assert keeps_the_training()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_is_left_all_the_same(error):
    with pytest.raises(error), ctrl_c_ends_all():
        raise error
    assert keeps_the_training()


def test_a_block_is_of_one_context_not_of_the_process():
    with ctrl_c_ends_all():
        assert Context().run(keeps_the_training)


@pytest.fixture(params=["adam", "sgd", "lbfgs"])
def interrupted(request, monkeypatch):
    """A model whose fit is interrupted after two epochs, or evaluations."""
    done = []
    value_and_grad, run_epoch = lbfgs.Plan.value_and_grad, loop.run_epoch

    def until_the_third(work):
        def working(*args):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(1)
            return work(*args)

        return working

    monkeypatch.setattr(loop, "run_epoch", until_the_third(run_epoch))
    monkeypatch.setattr(lbfgs.Plan, "value_and_grad", until_the_third(value_and_grad))
    return ScratchMLPClassifier((4,), solver=request.param, random_state=0)


def test_a_fit_keeps_what_it_has(interrupted):
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        interrupted.fit(X, y)
    check_is_fitted(interrupted)
    if interrupted.solver != "lbfgs":
        assert interrupted.n_iter_ == 2
    assert np.isfinite(interrupted.predict_proba(X)).all()


def test_in_a_block_it_ends_and_leaves_nothing(interrupted):
    before = dict(vars(interrupted))
    with pytest.raises(KeyboardInterrupt), ctrl_c_ends_all():
        interrupted.fit(X, y)
    assert vars(interrupted) == before

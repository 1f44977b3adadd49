"""Numbers as a tabular regressor learns them."""

import numpy as np
import pytest

from sknn_scratch._estimators.tabular.targets import ScaledNumbers

rng = np.random.default_rng(0)
y = rng.gamma(2.0, 50.0, size=(200, 2))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_scaled_and_back(loss):
    target = ScaledNumbers(y, loss)
    scaled = target.encode(y, float)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(target.decode(target.linked(scaled)), y)


def test_counts_are_scaled_by_their_mean():
    target = ScaledNumbers(y, "poisson")
    scaled = target.encode(y, float)
    np.testing.assert_allclose(scaled.mean(axis=0), 1)
    np.testing.assert_allclose(target.decode(target.linked(np.log(scaled))), y)
    with pytest.raises(ValueError, match="requires y >= 0, got a minimum of -1"):
        ScaledNumbers(y - y.min() - 1, "poisson")
    nothing = ScaledNumbers(np.zeros((3, 1)), "poisson")
    np.testing.assert_array_equal(nothing.encode(np.zeros(3), float), np.zeros((3, 1)))


def test_predictions_stay_in_the_range_that_was_seen():
    target = ScaledNumbers(y[:, :1], "squared_error")
    far = target.decode(target.linked(np.array([[-1e3], [1e3]])))
    np.testing.assert_allclose(far, [y[:, 0].min(), y[:, 0].max()])


def test_one_output_for_each_quantile():
    target = ScaledNumbers(y[:, :1], "quantile", (0.9, 0.1, 0.5))
    assert target.n_outputs == 3
    scaled = target.encode(y[:, 0], np.float32)
    assert scaled.shape == (200, 3)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled[:, 0], scaled[:, 2])
    crossed = target.decode(np.array([[0.1, -0.2, 0.3]]))
    assert (np.diff(crossed[0]) > 0).all()


def test_the_loss_of_quantiles_is_the_sum_of_each():
    """Koenker and Bassett's, output by output."""
    quantiles = 0.1, 0.5, 0.9
    target = ScaledNumbers(y[:, :1], "quantile", quantiles)
    Y, mu = target.encode(y[:, 0], float), rng.normal(size=(200, 3))
    loss = target.loss_of_training().planned(200, 3, np.dtype(float))
    missed = Y - mu
    q = np.array(quantiles)
    expected = np.where(missed > 0, q * missed, (q - 1) * missed).sum(axis=1).mean()
    np.testing.assert_allclose(loss.value(Y, mu, None, 200), expected)
    np.testing.assert_array_equal(loss.slope(Y, mu), np.where(missed > 0, -q, 1 - q))


def test_a_constant_is_predicted():
    target = ScaledNumbers(np.full((5, 1), 3.0), "squared_error")
    np.testing.assert_array_equal(target.decode(np.zeros((2, 1))), [3.0, 3.0])

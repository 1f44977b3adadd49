"""The generators: their formulas, seeds and errors."""

import numpy as np
import pytest

from sknn_scratch.datasets import make_noisy_cosine, make_spirals


@pytest.mark.parametrize("n_arms", [1, 2, 3])
@pytest.mark.parametrize("turns", [0.5, 2.0])
def test_spirals_are_archimedean(n_arms, turns):
    X, y = make_spirals(200, n_arms=n_arms, turns=turns, noise=0.0, random_state=0)
    r = np.hypot(*X.T)
    angle = 2 * np.pi * (turns * r + y / n_arms)
    np.testing.assert_allclose(X, np.c_[r * np.cos(angle), r * np.sin(angle)])
    assert 0.1 <= r.min() < r.max() <= 1
    counts = np.bincount(y)
    assert len(counts) == n_arms
    assert np.ptp(counts) <= 1


def test_noise_has_its_standard_deviation():
    clean, _ = make_spirals(5000, noise=0.0, random_state=1)
    noisy, _ = make_spirals(5000, noise=0.1, random_state=1)
    np.testing.assert_allclose((noisy - clean).std(), 0.1, rtol=0.03)
    t, wave, rough = make_noisy_cosine(5000, noise=0.5, random_state=1)
    np.testing.assert_array_equal(wave, np.cos(t))
    np.testing.assert_allclose((rough - wave).std(), 0.5, rtol=0.03)


@pytest.mark.parametrize("make", [make_spirals, make_noisy_cosine])
def test_the_seed_decides(make):
    for a, b in zip(make(random_state=3), make(random_state=3), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(make(random_state=3)[-1], make(random_state=4)[-1])


@pytest.mark.parametrize(
    ("make", "parameters", "name"),
    [
        (make_spirals, {"n_samples": 0}, "n_samples"),
        (make_spirals, {"n_arms": 0}, "n_arms"),
        (make_spirals, {"turns": 0.0}, "turns"),
        (make_spirals, {"noise": -1.0}, "noise"),
        (make_noisy_cosine, {"n_samples": 1}, "n_samples"),
        (make_noisy_cosine, {"noise": -1.0}, "noise"),
    ],
)
def test_parameters_out_of_range(make, parameters, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {make.__name__}"):
        make(**parameters)


def test_fewer_points_than_arms():
    message = "n_samples=2 points leave some of n_arms=3 arms empty"
    with pytest.raises(ValueError, match=message):
        make_spirals(2, n_arms=3)

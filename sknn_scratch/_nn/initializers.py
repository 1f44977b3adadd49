"""Initial weights: name -> draws.

Every entry is called as ``draw(random_state, fan_in, fan_out, activation, scale)`` and
returns the weights (fan_in, fan_out) and the intercepts (fan_out,) of one layer in
float64; the network casts them. Drawing in float64 keeps float32 and float64 fits on
the same random numbers.

To add one, write it and name it in ``INITIALIZERS``.
"""

import numpy as np


def glorot_uniform(random_state, fan_in, fan_out, activation, scale):
    """W and b ~ U(-c, c), c = sqrt(6 / (fan_in + fan_out))

    With 2 instead of 6 for the logistic activation. Glorot and Bengio (2010). Weights
    are drawn first, then intercepts, from the same distribution: scikit-learn's draws
    in scikit-learn's order.
    """
    bound = np.sqrt(activation.glorot_factor / (fan_in + fan_out))
    W = random_state.uniform(-bound, bound, (fan_in, fan_out))
    b = random_state.uniform(-bound, bound, fan_out)
    return W, b


def he_uniform(random_state, fan_in, fan_out, activation, scale):
    """W ~ U(-c, c), c = sqrt(6 / fan_in); b = 0

    He, Zhang, Ren and Sun (2015), for rectifiers.
    """
    bound = np.sqrt(6 / fan_in)
    return random_state.uniform(-bound, bound, (fan_in, fan_out)), np.zeros(fan_out)


def he_normal(random_state, fan_in, fan_out, activation, scale):
    """W ~ N(0, 2 / fan_in); b = 0

    He, Zhang, Ren and Sun (2015), for rectifiers.
    """
    W = random_state.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
    return W, np.zeros(fan_out)


def lecun_normal(random_state, fan_in, fan_out, activation, scale):
    """W ~ N(0, 1 / fan_in); b = 0

    LeCun, Bottou, Orr and Mueller (1998); what SELU asks for.
    """
    W = random_state.normal(0, np.sqrt(1 / fan_in), (fan_in, fan_out))
    return W, np.zeros(fan_out)


def uniform(random_state, fan_in, fan_out, activation, scale):
    """W and b ~ U(-c, c), c = init_scale"""
    W = random_state.uniform(-scale, scale, (fan_in, fan_out))
    return W, random_state.uniform(-scale, scale, fan_out)


def orthogonal(random_state, fan_in, fan_out, activation, scale):
    """W with orthonormal columns, or rows if they are fewer; b = 0

    Saxe, McClelland and Ganguli (2013): Q of the QR decomposition of a Gaussian matrix,
    signs fixed by R so that Q is uniformly distributed.
    """
    tall = random_state.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
    Q, R = np.linalg.qr(tall)
    Q *= np.where(np.diag(R) < 0, -1, 1)
    return (Q if fan_in >= fan_out else Q.T), np.zeros(fan_out)


INITIALIZERS = {
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_normal": lecun_normal,
    "uniform": uniform,
    "orthogonal": orthogonal,
}

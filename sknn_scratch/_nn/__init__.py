"""The computation of a network: layers, activations, losses, parameters.

Arrays only: nothing here knows scikit-learn.
"""

"""The estimators: parameters, targets, validation of input, fit and predict."""

"""What scikit-learn sees: parameters, targets, validation of input, estimators."""

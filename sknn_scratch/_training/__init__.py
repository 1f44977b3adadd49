"""The training of a network: batches, loops, optimisers, schedules.

Nothing here knows scikit-learn.
"""

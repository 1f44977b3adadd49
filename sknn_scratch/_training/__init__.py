"""How a network learns: batches, loops, optimisers, schedules. No scikit-learn."""

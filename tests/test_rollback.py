"""A failed method leaves an object's attributes as they were."""

import pytest

from sknn_scratch._rollback import unchanged_on_failure


class Thing:
    def __init__(self, **attributes):
        vars(self).update(attributes)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_attributes_are_as_before(error):
    kept = [1]
    thing = Thing(kept=kept, changed=1, gone=2)

    @unchanged_on_failure
    def fail(self):
        self.changed, self.new = 3, 4
        del self.gone
        raise error

    with pytest.raises(error):
        fail(thing)
    assert vars(thing) == {"kept": [1], "changed": 1, "gone": 2}
    assert thing.kept is kept


def test_without_a_failure_changes_stay():
    thing = Thing(changed=1)

    @unchanged_on_failure
    def change(self, new):
        """Change."""
        self.changed, self.new = 3, new
        return self

    assert change(thing, new=4) is thing
    assert vars(thing) == {"changed": 3, "new": 4}
    assert change.__doc__ == "Change."

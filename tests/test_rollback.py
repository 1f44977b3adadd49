"""A failed block leaves an object's attributes as they were."""

from types import SimpleNamespace

import pytest

from sknn_scratch._rollback import unchanged_on_failure


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_attributes_are_as_before(error):
    kept = [1]
    thing = SimpleNamespace(kept=kept, changed=1, gone=2)

    def fail():
        with unchanged_on_failure(thing):
            thing.changed, thing.new = 3, 4
            del thing.gone
            raise error

    with pytest.raises(error):
        fail()
    assert vars(thing) == {"kept": [1], "changed": 1, "gone": 2}
    assert thing.kept is kept


def test_without_a_failure_changes_stay():
    thing = SimpleNamespace(changed=1)
    with unchanged_on_failure(thing):
        thing.changed, thing.new = 3, 4
    assert vars(thing) == {"changed": 3, "new": 4}

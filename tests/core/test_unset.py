from __future__ import annotations

import copy
import pickle

from runcomfy import UNSET


def test_there_is_one_and_it_is_false() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET  # noqa: S301 - our own bytes
    assert copy.deepcopy([UNSET])[0] is UNSET

"""The parts of data: what is trained on, what is held out for validation, and what for the test."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nnspec
from nnspec.recipe.held_out import HeldOut
from nnspec.train.data.dataset import Own
from nnspec.train.shares import choose_parts


def test_shares_are_those_that_are_asked_for_and_the_same_for_the_same_seed() -> None:
    parts = choose_parts(Own(range(100)), HeldOut(0.2, 0.1, 0.5, False), 3)
    assert [len(each) for each in (parts.training, parts.validation, parts.test)] == [70, 20, 10]
    together = np.concatenate([parts.training, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(100))
    assert (
        choose_parts(Own(range(100)), HeldOut(0.2, 0.1, 0.5, False), 3).validation.tolist() == parts.validation.tolist()
    )
    assert (
        choose_parts(Own(range(100)), HeldOut(0.2, 0.1, 0.5, False), 4).validation.tolist() != parts.validation.tolist()
    )
    without = choose_parts(Own(range(100)), HeldOut(0.2, None, 0.5, False), 3)
    assert without.validation.tolist() == parts.validation.tolist() and not len(without.test)


def test_a_test_part_of_its_own_is_validated_on_unless_something_else_is_asked_for() -> None:
    parts = choose_parts(Own(range(6), None, range(6, 10)), HeldOut(None, None, 0.2, False), 0)
    assert parts.training.tolist() == list(range(6)) and parts.validation.tolist() == [6, 7, 8, 9]
    parts = choose_parts(Own(range(6), None, range(6, 10)), HeldOut(0.5, None, 0.2, False), 0)
    assert len(parts.training) == len(parts.validation) == 3 and parts.test.tolist() == [6, 7, 8, 9]
    parts = choose_parts(Own(range(4), range(4, 6), range(6, 10)), HeldOut(None, None, 0.2, False), 0)
    assert parts.validation.tolist() == [4, 5] and parts.test.tolist() == [6, 7, 8, 9]
    with pytest.raises(nnspec.SpecError, match="E0673"):
        choose_parts(Own(range(6), None, range(6, 10)), HeldOut(None, 0.1, 0.2, False), 0)


def test_the_end_of_what_is_in_order_is_held_out_the_test_last() -> None:
    parts = choose_parts(Own(range(10)), HeldOut(0.2, 0.1, 0.2, False), 0, in_order=True)
    assert parts.training.tolist() == list(range(7))
    assert parts.validation.tolist() == [7, 8] and parts.test.tolist() == [9]


def test_stratified_parts_have_each_class_alike_to_a_sample() -> None:
    draws = torch.Generator().manual_seed(0)
    classes = torch.multinomial(torch.tensor([0.02, 0.08, 0.3, 0.6]), 503, replacement=True, generator=draws)
    for shares in ((0.2, 0.1), (0.13, None), (0.5, 0.3)):
        parts = choose_parts(Own(range(503)), HeldOut(*shares, 0.2, True), 1, classes=classes)
        for chosen, share in zip((parts.validation, parts.test), shares, strict=True):
            assert len(chosen) == round(503 * (share or 0))
            found = torch.bincount(classes[chosen], minlength=4)
            wanted = torch.bincount(classes) * len(chosen) / 503
            assert bool(((found - wanted).abs() < 1).all())
        together = np.concatenate([parts.training, parts.validation, parts.test])
        assert sorted(together.tolist()) == list(range(503))


@pytest.mark.parametrize("length", [2, 3, 5])
def test_something_is_left_of_the_smallest_sets(length: int) -> None:
    parts = choose_parts(Own(range(length)), HeldOut(0.9, None, 0.2, False), 0)
    assert len(parts.training) >= 1 and len(parts.validation) >= 1

"""What covers leave uncovered, by cutting and by search, agrees with looking at every point."""

from __future__ import annotations

import random
from itertools import product

import pytest

from referee.checks import cover
from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.cover_search import Search

CHANCES = 400


def random_boxes(chance: random.Random) -> tuple[Box, list[Box]]:
    """A box and covers, with sets of up to five regions in up to four dimensions; few have holes, many are whole."""
    full = tuple((1 << chance.randint(1, 5)) - 1 for _ in range(chance.randint(1, 4)))

    def some(regions: int) -> int:
        if chance.random() < 0.4:
            return regions
        return (chance.randint(1, regions) & regions) or regions

    box = tuple(map(some, full))
    return box, [tuple(map(some, full)) for _ in range(chance.randint(0, 14))]


def points(box: Box) -> set[tuple[int, ...]]:
    return set(product(*([at for at in range(8) if regions >> at & 1] for regions in box)))


@pytest.fixture(params=[0, 3, 400], ids=["cut", "cut, then search", "search"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover, "_FEW", request.param)


@pytest.mark.usefixtures("few")
def test_parts_are_all_that_no_cover_touches_and_apart_from_each_other() -> None:
    for seed in range(CHANCES):
        box, covers = random_boxes(random.Random(seed))
        parts = [points(part) for part in Uncovered(box, covers, Budget())]
        left = points(box).difference(*map(points, covers))
        assert set().union(*parts) == left, seed
        assert sum(map(len, parts)) == len(left), seed


@pytest.mark.usefixtures("few")
def test_used_covers_alone_cover_the_box_where_nothing_is_left() -> None:
    covered = 0
    for seed in range(CHANCES):
        box, covers = random_boxes(random.Random(seed))
        uncovered = Uncovered(box, covers, Budget())
        if not list(uncovered):
            covered += 1
            assert points(box) <= set().union(*(points(covers[at]) for at in uncovered.used)), seed
    assert covered > CHANCES // 10


@pytest.mark.usefixtures("few")
def test_what_is_excluded_on_the_way_does_not_come_again() -> None:
    for seed in range(CHANCES):
        box, covers = random_boxes(random.Random(seed))
        uncovered = Uncovered(box, covers, Budget())
        found: list[Box] = []
        for part in uncovered:
            assert not points(part) & set().union(*map(points, found)), seed
            found.append(part)
            uncovered.exclude(part)


def test_a_search_finds_a_point_outside_all_covers_or_covers_that_hold_all_points() -> None:
    covered = 0
    for seed in range(CHANCES):
        chance = random.Random(seed)
        covers = [tuple(chance.randint(1, 15) for _ in range(4)) for _ in range(chance.randint(40, 100))]
        values = [
            {
                sum(1 << each for each, box in enumerate(covers) if box[at] >> value & 1): value
                for value in range(4)
            }
            for at in range(4)
        ]
        search = Search(values, Budget(), CHANCES)
        found = search.open_values((1 << len(covers)) - 1)
        left = points((15,) * 4).difference(*map(points, covers))
        assert (found is None) == (not left), seed
        if found is None:
            covered += 1
            used = [box for at, box in enumerate(covers) if search.used >> at & 1]
            assert points((15,) * 4) <= set().union(*map(points, used)), seed
        else:
            assert found in left, seed
    assert CHANCES // 10 < covered < CHANCES


@pytest.mark.usefixtures("few")
def test_no_more_is_spent_than_there_is() -> None:
    box, covers = random_boxes(random.Random(3))
    with pytest.raises(OutOfBudget):
        list(Uncovered(box, covers * 3, Budget(steps=5)))

"""The phases of a recipe, and their learning rates."""

from itertools import groupby

from helpers.training.recipes import RECIPES, Phase


def test_the_phases_of_a_recipe_follow_each_other():
    recipe = RECIPES["resnet"]
    first, second = recipe.phases
    steps = 7 * recipe.epochs
    assert recipe.phase_at(0, steps) == (first, 0)
    assert recipe.phase_at(7 * first.epochs, steps) == (second, 0)
    assert recipe.phase_at(steps, steps) == (second, 1)
    places = [recipe.phase_at(done, steps) for done in range(steps)]
    sizes = [phase.size_at(share) for phase, share in places]
    assert [size for size, _ in groupby(sizes)] == [80, 96, 112, 96, 112]


def test_the_default_phase_keeps_its_rate():
    assert {Phase().rate_at(share) for share in (0, 0.5, 1)} == {1e-4}

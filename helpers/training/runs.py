"""A complete training run, as `python -m helpers train` starts it."""

from pathlib import Path

import click
import tensorflow as tf

from helpers.data.photos import SPLITS
from helpers.training.input_pipeline import load_examples
from helpers.training.loop import Trainer
from helpers.training.recipes import RECIPES

ASIRRA = (
    "trained on the photos of the Dogs vs. Cats (Asirra) set, whose licence is not "
    "stated; apart from the code's MIT licence"
)


def train_in_folder(
    network: str, data: Path, out: Path, *, epochs: int | None, seed: int
) -> str:
    """Train a network, or resume its training, in folder `out`.

    Args:
      data: folder of photos.
      epochs: by default the recipe's.
    Returns:
      the prefix of the finished checkpoint.
    """
    recipe = RECIPES[network]
    examples = load_examples(data, recipe.image_size, recipe.mixture)
    photos = next(iter(examples.held_out.values()))
    click.echo(f"training {network} on {examples.train.source}")
    card = {
        "network": network,
        "class_names": list(photos.class_names),
        "image_size": recipe.image_size,
        "pixels": "0..1",
        "input": "x:0",
        "output": "y_pred:0",
        "seed": seed,
        "epochs": epochs or recipe.epochs,
        "data": examples.train.source,
        "splits": {name: len(photos.of(name).labels) for name in SPLITS},
        "train_command": f"python -m helpers train --network {network} --seed {seed}",
        "tensorflow": tf.__version__,
    }
    if "in cats-dogs" in examples.train.source:
        card["licence"] = ASIRRA
    trainer = Trainer(card, examples, out)
    if trainer.done:
        click.echo(f"resuming after {trainer.share:.0%} of {card['epochs']} epochs")
    try:
        if trainer.share < 1:
            minutes = max(1, round(trainer.expected_minutes()))
            click.echo(f"expected: {minutes} min at the pace of the first steps")
        for epoch in trainer.run():
            click.echo(
                f"epoch {epoch.epoch:3}  loss {epoch.loss:.3f}  "
                f"accuracy {epoch.accuracy:.1%}  validation {epoch.validation:.1%}  "
                f"{epoch.photos_per_second:.0f} photos/s"
            )
        for name, result in trainer.finish()["held_out"].items():
            click.echo(f"held out: {describe_result(name, result)}")
    finally:
        trainer.close()
    return trainer.prefix


def describe_result(name: str, result: dict) -> str:
    """One result of the evaluation as text; leaves out the shares it does not have."""
    words = {"accuracy": "right", "not_sure": "not sure"}
    shares = [f"{result[key]:.1%} {words[key]}" for key in words if key in result]
    return f"{result['count']:,} {name}: {', '.join(shares)}"

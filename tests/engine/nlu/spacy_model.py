"""A tiny spaCy model: words, four vectors, and names by a list."""

from __future__ import annotations

from pathlib import Path


def model(folder: Path) -> Path:
    """Write it into a folder and return where it is."""
    import numpy as np
    import spacy

    nlp = spacy.blank("en")
    for number, word in enumerate(("water", "roses", "play", "jazz")):
        nlp.vocab.set_vector(word, np.eye(4, dtype=np.float32)[number])
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": [{"LOWER": "ann"}]}, {"label": "GPE", "pattern": [{"LOWER": "rome"}]}]
    )  # type: ignore[attr-defined]
    target = folder / "tiny_model"
    nlp.to_disk(target)
    return target

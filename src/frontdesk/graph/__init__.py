"""From a recipe to a trained model in one archive, and back: fingerprints, cache, package, runner."""

"""The setting `class_weight`: how much the rows of each class count while a model is fitted, as scikit-learn's."""

NONE = "none"
CLASS_WEIGHTS = (NONE, "balanced")

"""Writes fitted estimators as joblib keeps them, and samples.

usage: made_by_scikit_learn.py FOLDER
"""
import pathlib
import sys

import joblib
import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier

folder = pathlib.Path(sys.argv[1])
folder.mkdir()
rows = numpy.random.default_rng(1).normal(size=(200, 3))
kinds = rows[:, 0] > 0
joblib.dump(LinearRegression().fit(rows, rows.sum(axis=1)), folder / "line.joblib")
joblib.dump(MLPClassifier((64, 64), max_iter=20, random_state=0).fit(rows, kinds), folder / "layers.joblib")
joblib.dump(RandomForestClassifier(5, random_state=0).fit(rows, kinds), folder / "forest.joblib")
numpy.savez(folder / "samples.npz", rows=rows[:40])

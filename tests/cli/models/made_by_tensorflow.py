"""Writes a SavedModel that Keras knows nothing of.

usage: made_by_tensorflow.py FOLDER
"""
import sys

import tensorflow


class Sums(tensorflow.Module):
    def __init__(self):
        self.weights = tensorflow.Variable(tensorflow.fill([64, 64], 0.015625))

    @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 64], tensorflow.float32, name="rows")])
    def __call__(self, rows):
        return {"sums": rows @ self.weights}


model = Sums()
tensorflow.saved_model.save(model, sys.argv[1], signatures=model.__call__)

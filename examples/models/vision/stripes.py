"""A small network that tells which way the stripes of a picture run, trained on pictures that it draws itself."""
import keras
import numpy


def _pictures(count, seed):
    """Pictures of 16 by 16 with stripes, and which way they run: across, down or aslant."""
    numbers = numpy.random.default_rng(seed)
    ways = numbers.integers(0, 3, count)
    row, column = numpy.mgrid[0:16, 0:16]
    lines = numpy.stack([row, column, row + column])[ways]
    phase = numbers.uniform(0, 4, (count, 1, 1))
    pictures = numpy.sin((lines + phase) * 1.2) + numbers.normal(0, 0.2, (count, 16, 16))
    return pictures[..., None].astype(numpy.float32), ways


def samples():
    return _pictures(16, seed=1)[0]


def model():
    pictures, ways = _pictures(400, seed=2)
    layers = keras.layers
    network = keras.Sequential([
        keras.Input((16, 16, 1)),
        layers.Conv2D(8, 3, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(pictures, ways, epochs=3, verbose=0)
    return network

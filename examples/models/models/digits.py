"""A classifier of handwritten digits, trained on the pictures that come with scikit-learn."""
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_PICTURES, _DIGITS = load_digits(return_X_y=True)
_TRAINING, samples, _TRAINING_DIGITS, _ = train_test_split(_PICTURES, _DIGITS, test_size=0.1, random_state=0)


def model():
    """Trained anew in each export, from the same numbers."""
    network = MLPClassifier(hidden_layer_sizes=(64,), max_iter=40, random_state=0)
    return make_pipeline(StandardScaler(), network).fit(_TRAINING, _TRAINING_DIGITS)

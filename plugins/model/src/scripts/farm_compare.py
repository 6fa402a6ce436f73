"""How far two answers are apart. Knows no framework."""
import numpy


class Disagreement(Exception):
    """What is wrong with an answer, in words."""


def compare(name, original, answer, tolerance):
    """The difference between two arrays, which must not be over the tolerance.

    Of numbers with a fraction it is the largest distance, absolute for values up to 1, relative to the original's above.
    Of everything else (labels) it is the share of values that differ."""
    if original.shape != answer.shape:
        raise Disagreement(f"output `{name}`: the original answers with the shape {list(original.shape)}, the export with "
                           f"{list(answer.shape)}")
    if original.size == 0:
        return 0.0
    if original.dtype.kind in "fc" and answer.dtype.kind in "fc":
        distances = distance(original, answer)
        found, said = float(distances.max()), "differs by up to"
    else:
        distances = original.astype(str) != answer.astype(str) if "U" in original.dtype.kind + answer.dtype.kind else original != answer
        found, said = float(distances.mean()), "differs in this share of its values:"
    if found <= tolerance:
        return found
    place = numpy.unravel_index(distances.argmax(), distances.shape)
    raise Disagreement(f"output `{name}`: it {said} {found:.3g}, and the tolerance is {tolerance:g}\n"
                       f"    at {list(map(int, place))} the original answers {original[place]}, the export {answer[place]}")


def distance(original, answer):
    original, answer = original.astype(numpy.float64), answer.astype(numpy.float64)
    same = (original == answer) | (numpy.isnan(original) & numpy.isnan(answer))
    with numpy.errstate(invalid="ignore"):
        far = numpy.abs(original - answer) / numpy.maximum(1, numpy.abs(original))
    # What is infinite or no number in one of them alone is as far away as can be.
    return numpy.where(same, 0, numpy.where(numpy.isnan(far), numpy.inf, far))


def rounded(number):
    """Two digits: the rest changes with the processor."""
    return float(f"{number:.2g}")

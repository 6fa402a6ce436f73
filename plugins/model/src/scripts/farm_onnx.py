"""ONNX: how a model is kept, described, made smaller, and run."""
import sys

import numpy
import onnx

# A file of protobuf can hold 2 GiB. What is bigger has its weights beside it.
MOST_BYTES = 1_800_000_000

# What onnxruntime puts into a model that it has quantised.
QUANTISED = {"DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv", "QLinearMatMul",
             "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"}


def save(model, path):
    """Checks a model, and writes it without what the framework noted down about its own sources."""
    # skl2onnx may name an operator set twice.
    opsets = {one.domain: one.version for one in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in opsets.items())
    tidy(model.graph)
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:]
        for node in function.node:
            tidy_node(node)
    model.doc_string = ""
    del model.metadata_props[:]
    if model.ByteSize() < MOST_BYTES:
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))
    else:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data")
        onnx.checker.check_model(str(path))


def tidy(graph):
    graph.doc_string = ""
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
    for node in graph.node:
        tidy_node(node)


def tidy_node(node):
    node.doc_string = ""
    del node.metadata_props[:]
    for attribute in node.attribute:
        if attribute.HasField("g"):
            tidy(attribute.g)
        for graph in attribute.graphs:
            tidy(graph)


def describe(path):
    model = onnx.load(path, load_external_data=False)
    weights = {weight.name for weight in model.graph.initializer}
    opsets = {one.domain or "ai.onnx": one.version for one in model.opset_import}
    return {
        "opset": opsets.pop("ai.onnx", None),
        **({"other_opsets": opsets} if opsets else {}),
        "inputs": [value_facts(value) for value in model.graph.input if value.name not in weights],
        "outputs": [value_facts(value) for value in model.graph.output],
    }


def value_facts(value):
    tensor = value.type.tensor_type
    shape = [one.dim_param or (one.dim_value if one.HasField("dim_value") else "?") for one in tensor.shape.dim]
    return {"name": value.name, "type": onnx.TensorProto.DataType.Name(tensor.elem_type).lower(), "shape": shape}


def run(path, inputs, names):
    """What the model answers, by the names of its outputs. Its inputs are taken by their names, or else by their
    places."""
    session = open_session(path)
    wanted = [one.name for one in session.get_inputs()]
    if set(wanted) <= set(inputs):
        feed = {name: inputs[name] for name in wanted}
    elif len(wanted) == len(inputs):
        feed = dict(zip(wanted, inputs.values()))
    else:
        sys.exit(f"the export has the inputs {', '.join(wanted)}, and the samples are {', '.join(inputs)}")
    outputs = [one.name for one in session.get_outputs()]
    answers = dict(zip(outputs, session.run(None, feed)))
    return {name: numpy.asarray(answers[name]) for name in names}


def open_session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def quantise(path, into, mode, calibration):
    """Writes the version with weights of eight bits. False where the model has nothing that can be made smaller."""
    from onnxruntime import quantization

    prepared = into.with_suffix(".prepared")
    quantization.shape_inference.quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    if not flatten_biases(prepared):
        prepared.unlink()
        return False
    # Types cannot be inferred behind operators of other domains, as models of scikit-learn have them first.
    extra = {"WeightSymmetric": True, "DefaultTensorType": onnx.TensorProto.FLOAT}
    common = {"per_channel": True, "weight_type": quantization.QuantType.QInt8, "extra_options": extra}
    if mode == "static":
        reader = Samples(prepared, calibration)
        quantization.quantize_static(str(prepared), str(into), reader, **common)
    else:
        quantization.quantize_dynamic(str(prepared), str(into), **common)
    prepared.unlink()
    model = onnx.load(into)
    into.unlink()
    save(model, into)
    return any(node.op_type in QUANTISED for node in model.graph.node)


def flatten_biases(path):
    """Biases of one row become lists, as onnxruntime expects them where each output has a scale of its own: skl2onnx
    writes rows. False where there is no layer of plain ONNX, as in a forest."""
    model = onnx.load(path)
    weights = {weight.name: weight for weight in model.graph.initializer}
    for node in model.graph.node:
        bias = weights.get(node.input[2]) if node.op_type == "Gemm" and len(node.input) > 2 else None
        if bias is not None and list(bias.dims[:-1]) == [1]:
            del bias.dims[0]
    onnx.save(model, path)
    return any(not one.domain or one.domain == "ai.onnx" for one in model.opset_import)


class Samples:
    """Samples one at a time, as onnxruntime asks for them to learn the ranges of values."""

    def __init__(self, path, inputs):
        names = [one.name for one in open_session(path).get_inputs()]
        arrays = [inputs[name] for name in names] if set(names) <= set(inputs) else list(inputs.values())
        count = len(arrays[0])
        rows = ({name: array[row:row + 1] for name, array in zip(names, arrays)} for row in range(count))
        self.rows = rows

    def get_next(self):
        return next(self.rows, None)

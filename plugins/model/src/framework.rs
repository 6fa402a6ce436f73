//! What each framework can be exported to, and which packages that takes. Does not know any model.

use crate::options::{Format, Framework};

/// All that follows, each package once: where one cannot be had, the models that need it are left out.
pub(crate) const PACKAGES: &[&str] = &[
    "ai-edge-litert",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "scikit-learn",
    "skl2onnx",
    "tensorflow",
    "tensorflow-cpu",
    "torch",
    "transformers",
];

impl Framework {
    /// As people write it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::HuggingFace => "Hugging Face transformers",
            Self::Ollama => "Ollama",
            Self::Pytorch => "PyTorch",
            Self::ScikitLearn => "scikit-learn",
            Self::Tensorflow => "TensorFlow",
        }
    }

    /// What a model of it can be exported to; the first is what it usually is.
    pub(crate) const fn formats(self) -> &'static [Format] {
        match self {
            Self::HuggingFace | Self::ScikitLearn => &[Format::Onnx],
            Self::Ollama => &[Format::Gguf],
            Self::Pytorch => &[Format::Onnx, Format::Torchscript],
            Self::Tensorflow => &[Format::Tflite],
        }
    }

    /// The packages that are the framework: one of each list.
    pub(crate) const fn packages(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::HuggingFace => &[&["transformers"], &["torch"]],
            Self::Ollama => &[],
            Self::Pytorch => &[&["torch"]],
            Self::ScikitLearn => &[&["scikit-learn"]],
            Self::Tensorflow => &[&["tensorflow", "tensorflow-cpu"]],
        }
    }

    /// The packages that the export to a format takes beside it, and the check of what comes out.
    pub(crate) const fn tools(self, format: Format) -> &'static [&'static str] {
        match (self, format) {
            (Self::ScikitLearn, Format::Onnx) => &["skl2onnx", "onnx", "onnxruntime"],
            (_, Format::Onnx) => &["onnxscript", "onnx", "onnxruntime"],
            (_, Format::Tflite) => &["ai-edge-litert"],
            (_, Format::Gguf | Format::Torchscript) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_may_be_left_out() {
        for framework in [
            Framework::HuggingFace,
            Framework::Ollama,
            Framework::Pytorch,
            Framework::ScikitLearn,
            Framework::Tensorflow,
        ] {
            let tools = framework.formats().iter().flat_map(|format| framework.tools(*format));
            let packages = framework.packages().iter().copied().flatten().chain(tools);
            for name in packages {
                assert!(PACKAGES.contains(name), "{name}");
            }
        }
    }
}

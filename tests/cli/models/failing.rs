//! Exports that are wrong, and checkpoints that mean harm.

use std::fs;
use std::net::TcpListener;

use super::needs_frameworks;
use super::ollama::put_model;
use super::product::{first, first_deep, with_model};
use crate::shop::product::{Build, repository};
use crate::support::Workspace;

const WRONG_CONVERTER: &str = r#"
"""A regressor that answers one more than its parent, with the parent's converter: a mistake that is easily made."""
import numpy
from sklearn.linear_model import LinearRegression
from skl2onnx import update_registered_converter
from skl2onnx.operator_converters.linear_classifier import convert_sklearn_linear_classifier
from skl2onnx.operator_converters.linear_regressor import convert_sklearn_linear_regressor
from skl2onnx.shape_calculators.linear_regressor import calculate_linear_regressor_output_shapes


class Shifted(LinearRegression):
    def predict(self, rows):
        return super().predict(rows) + 1


update_registered_converter(
    Shifted, "Shifted", calculate_linear_regressor_output_shapes, convert_sklearn_linear_regressor
)
samples = numpy.arange(12).reshape(6, 2) / 10
model = Shifted().fit(samples, samples.sum(axis=1))
"#;

#[test]
fn an_export_that_is_wrong_fails_the_build_and_is_not_put_in_place() {
    needs_frameworks!();
    let options = "framework = \"scikit-learn\"\nsource = \"wrong:model\"\nsamples = \"wrong:samples\"";
    first();
    let workspace = with_model("models", options);
    workspace.write("models/wrong.py", WRONG_CONVERTER);
    let ran = workspace.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    let said = [
        "the export of `it` to model.onnx does not agree with the original",
        "output `variable`: it differs by up to",
        "and the tolerance is 0.0001",
        "the original answers",
    ];
    for said in said {
        assert!(text.contains(said), "`{said}` is missing: {text}");
    }
    assert!(!workspace.has("dist/models/it"), "{text}");
    workspace.write(
        "farm.toml",
        &workspace.read("farm.toml").replace(
            "[targets.models.options.models.it]",
            "[targets.models.options.models.it]\ntolerance = 2",
        ),
    );
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "it is good enough now: {}", build.text());
    assert_eq!(build.actions("models", "ran"), ["check-it"]);
}

#[test]
fn a_wrong_export_of_pytorch_and_a_version_that_is_too_coarse_fail_the_build() {
    needs_frameworks!();
    first_deep();
    let options = "framework = \"pytorch\"\nsource = \"wrong:Wrong\"\nsamples = \"gesture:samples\"\n\n\
                   [targets.models.options.models.coarse]\nframework = \"pytorch\"\nsource = \"gesture:Net\"\n\
                   samples = \"gesture:samples\"\nint8 = { tolerance = 1e-9 }";
    let workspace = with_model("deep", options);
    let example = repository().join("examples/models/deep/gesture.py");
    let example = fs::read_to_string(example).expect("it is there");
    workspace.write("deep/gesture.py", &example);
    workspace.write(
        "deep/wrong.py",
        "import torch\nfrom gesture import Net\n\n\nclass Wrong(Net):\n    def forward(self, readings):\n        \
         shift = 1 if torch.compiler.is_exporting() else 0\n        return super().forward(readings) + shift\n",
    );
    let ran = workspace.farm("build --keep-going");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    for said in [
        "the export of `it` to model.onnx does not agree with the original",
        "and the tolerance is 0.0001",
        "the export of `coarse` to model.int8.onnx with weights of eight bits does not agree with the original",
        "raise `tolerance` of `int8`",
    ] {
        assert!(text.contains(said), "`{said}` is missing: {text}");
    }
    assert!(
        !text.contains("the export of `coarse` to model.onnx does not"),
        "{text}"
    );
    for name in ["it", "coarse"] {
        assert!(!workspace.has(&format!("dist/models/{name}")), "{text}");
    }
}

/// Puts a checkpoint that tries to do harm into the workspace, builds at L2, and asserts that it did none, though it ran,
/// and is a model all the same. `kind` and `model` are what `make_harm.py` is told; `source` is a file of the user's.
fn assert_harmless(workspace: &Workspace, (kind, model): (&str, &str), checkpoint: &str, source: &str) {
    let outside = workspace.outside().canonicalize().expect("it is there");
    fs::write(outside.join("secret"), "hunter2").expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("bound").port();
    let code = format!(
        "import os, socket, sys\n\
         def tried(name, harm):\n    try:\n        harm()\n    except Exception as error:\n        print(name, 'refused', file=sys.stderr)\n    else:\n        print(name, 'DONE', file=sys.stderr)\n\
         tried('write', lambda: open('{outside}/harmed', 'w'))\n\
         tried('source', lambda: open('{outside}/workspace/farm.toml', 'a').write('harm'))\n\
         tried('read', lambda: print(open('{outside}/secret').read(), file=sys.stderr))\n\
         tried('connect', lambda: socket.create_connection(('127.0.0.1', {port}), 5))\n\
         tried('kill', lambda: os.kill({parent}, 0))\n\
         tried('module', lambda: open('{module}', 'a').write('# harm'))\n",
        outside = outside.display(),
        parent = std::process::id(),
        module = source.rsplit('/').next().unwrap_or(source),
    );
    let harm = workspace.beside("harm.py");
    fs::write(&harm, code).expect("written");
    let maker = repository().join("tests/cli/models/make_harm.py");
    let mut command = std::process::Command::new("python3");
    let made = command.arg(maker).arg(kind).arg(&harm).arg(model).output();
    let made = made.expect("it starts");
    assert!(made.status.success(), "{made:?}");
    workspace.write_bytes(checkpoint, &made.stdout);
    let before = (workspace.read("farm.toml"), workspace.read(source));
    let ran = workspace.ran(&mut workspace.command_at("L2", ["build", "--json"]));
    let text = ran.text();
    let build = Build::of(&ran);
    for name in ["write", "source", "read", "connect", "kill"] {
        assert!(text.contains(&format!("{name} refused")), "{name}: {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!outside.join("harmed").exists());
    assert!(listener.accept().is_err(), "somebody connected");
    let after = (workspace.read("farm.toml"), workspace.read(source));
    assert_eq!(after, before, "what the user wrote was changed");
    assert!(build.ok(), "it is a model all the same: {text}");
    assert!(
        !build.actions("models", "ran").contains(&"dependencies"),
        "installed again"
    );
}

#[test]
fn a_pickled_estimator_that_means_harm_does_none() {
    needs_frameworks!();
    let options = "framework = \"scikit-learn\"\nsource = \"line.pkl\"\nsamples = \"line:samples\"";
    first();
    let workspace = with_model("models", options);
    workspace.write(
        "models/line.py",
        "import numpy\nfrom sklearn.linear_model import LinearRegression\n\nsamples = numpy.eye(3)\n\n\n\
         def model():\n    return LinearRegression().fit(samples, [1, 2, 4])\n",
    );
    assert_harmless(
        &workspace,
        ("pickle", "__import__('line').model()"),
        "models/line.pkl",
        "models/line.py",
    );
}

#[test]
fn a_checkpoint_of_pytorch_that_means_harm_does_none() {
    needs_frameworks!();
    first_deep();
    let options = "framework = \"pytorch\"\nsource = \"net:Net\"\ncheckpoint = \"net.pt\"\nsamples = \"samples.json\"";
    let workspace = with_model("deep", options);
    workspace.write("deep/net.py", include_str!("net.py"));
    workspace.write("deep/samples.json", r#"{ "rows": [[0.5, 1.5, 2.5]] }"#);
    assert_harmless(
        &workspace,
        ("pytorch", "__import__('net').Net().state_dict()"),
        "deep/net.pt",
        "deep/net.py",
    );
}

#[test]
fn a_weaker_sandbox_is_told_once() {
    let workspace = Workspace::new();
    workspace.write(
        "farm.toml",
        "[workspace]\nname = \"models\"\n\n[targets.models]\nbuilder = \"model\"\nroot = \".\"\n\n\
         [targets.models.options]\nollama-store = \"store\"\n\n[targets.models.options.models.a]\n\
         framework = \"ollama\"\nsource = \"a\"\n\n[targets.models.options.models.b]\nframework = \"ollama\"\nsource = \"b\"\n",
    );
    put_model(&workspace, "a");
    put_model(&workspace, "b");
    let told = |tier: &str| {
        let ran = workspace.ran(&mut workspace.command_at(tier, ["build", "--json", "--no-cache"]));
        let build = Build::of(&ran);
        assert!(build.ok(), "{}", build.text());
        let notices = build.notices().into_iter();
        notices.filter(|notice| notice["code"] == "sandbox::untrusted").count()
    };
    assert_eq!(("off", told("off")), ("off", 1));
    assert_eq!(("L2", told("L2")), ("L2", 0));
}

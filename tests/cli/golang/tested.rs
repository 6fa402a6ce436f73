//! What tests are given when they run apart from what compiled them, and what is told of them.

use super::needs_go;
use crate::support::Workspace;

fn module(options: &str) -> Workspace {
    let farm_toml = format!(
        "[workspace]\nname = \"small\"\n[targets.app]\nbuilder = \"go\"\nroot = \"app\"\noptions = {{ vet = false, {options} }}\n"
    );
    let workspace = Workspace::with(&farm_toml);
    workspace.write("app/go.mod", "module example.com/app\n\ngo 1.21\n");
    workspace.write("app/main.go", "package main\n\nfunc main() {}\n");
    workspace
}

/// A test file of a package, with these imports and this body of its only test.
fn test(package: &str, imports: &[&str], body: &str) -> String {
    let imports: String = imports.iter().map(|name| format!("import {name:?}\n")).collect();
    format!("package {package}\n\n{imports}import \"testing\"\n\nfunc TestIt(t *testing.T) {{\n{body}\n}}\n")
}

#[test]
fn a_test_starts_in_its_folder_with_its_data_and_variables() {
    needs_go!();
    let workspace = module("env = { TIDE = \"high\" }, test-flags = [\"-short\", \"-args\", \"-own=word\"]");
    workspace.write(
        "app/main_test.go",
        &test("main", &[], "if !testing.Short() { t.Fatal(1) }"),
    );
    workspace.write("app/deep/er/testdata/word", "ebb");
    let body = "text, _ := os.ReadFile(\"testdata/word\")\n\
                if string(text) != \"ebb\" || os.Getenv(\"TIDE\") != \"high\" { t.Fatal(string(text)) }\n\
                if os.Args[len(os.Args)-1] != \"-own=word\" { t.Fatal(os.Args) }\n\
                if os.WriteFile(\"left\", nil, 0o644) != nil { t.Fatal(\"it may write\") }";
    let deep = test("er", &["flag", "os"], body);
    workspace.write(
        "app/deep/er/er_test.go",
        &(deep + "\nvar own = flag.String(\"own\", \"\", \"\")\n"),
    );
    let main = workspace.read("app/main_test.go");
    workspace.write(
        "app/main_test.go",
        &(main + "\nvar own = flag.String(\"own\", \"\", \"\")\n")
            .replace("import \"testing\"", "import \"flag\"\nimport \"testing\""),
    );
    workspace.farm("build").success();
}

#[test]
fn a_test_may_build_a_program() {
    needs_go!();
    let workspace = module("test = true");
    let body = "if said, err := exec.Command(\"go\", \"build\", \"-o\", t.TempDir()+\"/app\", \".\").CombinedOutput(); err != nil {\n\
                t.Fatal(string(said))\n}";
    workspace.write("app/main_test.go", &test("main", &["os/exec"], body));
    workspace.farm("build").success();
}

#[test]
fn of_several_packages_those_that_fail_are_told_whole() {
    needs_go!();
    let workspace = module("test-flags = [\"-p=1\"]");
    workspace.write(
        "app/good/good_test.go",
        &test("good", &["fmt"], "fmt.Println(\"all is well\")"),
    );
    workspace.write(
        "app/bad/bad_test.go",
        &test("bad", &["fmt"], "fmt.Println(\"look here\"); t.Error(\"wrong\")"),
    );
    workspace.write("app/worse/worse_test.go", &test("worse", &["os"], "os.Exit(7)"));
    let ran = workspace.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    for expected in [
        "look here",
        "bad_test.go:",
        "wrong",
        "FAIL\t./bad",
        "exit status 7",
        "FAIL\t./worse",
        "ok  \t./good",
    ] {
        assert!(text.contains(expected), "no `{expected}`: {text}");
    }
    assert!(!text.contains("all is well"), "{text}");
    workspace.write(
        "app/worse/worse_test.go",
        "package worse\n\nfunc TestIt(t *testing.T) {}\n",
    );
    let text = workspace.farm("build").text();
    assert!(
        text.contains("undefined: testing") && !text.contains("look here"),
        "{text}"
    );
}

#[test]
fn where_no_package_has_a_test_there_is_nothing_to_run() {
    needs_go!();
    let workspace = module("test = true");
    workspace.farm("build").success();
}

#[test]
fn races_and_coverage_are_told() {
    needs_go!();
    let workspace = module("test-flags = [\"-v\", \"-cover\", \"-bench=.\"]");
    workspace.write(
        "app/sum/sum.go",
        "package sum\n\nfunc Add(a, b int) int { return a + b }\n",
    );
    let sum = test("sum", &[], "if Add(1, 2) != 3 { t.Fatal() }");
    let bench = "\nfunc BenchmarkAdd(b *testing.B) { for i := 0; i < b.N; i++ { Add(i, 1) } }\n\
                 func ExampleAdd() {\n\tprintln(Add(1, 1))\n}\n";
    workspace.write("app/sum/sum_test.go", &(sum + bench));
    let text = workspace.farm("build -v").text();
    for expected in ["--- PASS: TestIt", "BenchmarkAdd", "coverage: 100.0% of statements"] {
        assert!(text.contains(expected), "no `{expected}`: {text}");
    }
    if std::process::Command::new("gcc").arg("--version").output().is_err() {
        crate::skip!("there is no gcc on the PATH; scripts/setup installs it");
    }
    let workspace = module("race = true");
    let body = "n, done := 0, make(chan bool)\ngo func() { n++; done <- true }()\nn++\n<-done\nt.Log(n)";
    workspace.write("app/main_test.go", &test("main", &[], body));
    let ran = workspace.farm("build");
    assert!(ran.code() == 1 && ran.text().contains("DATA RACE"), "{}", ran.text());
}

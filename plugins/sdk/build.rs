//! Makes Cargo build again when the contract changes, which lies outside this package.

fn main() {
    println!("cargo::rerun-if-changed=../../wit");
}

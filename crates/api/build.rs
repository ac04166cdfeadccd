//! Builds again when the dashboard was built: the program carries it (see `src/dashboard.rs`).

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}

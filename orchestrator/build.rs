//! Tells cargo when embedded files change: the macros that embed them see new ones only when they run again.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
    // A missing folder would count as changed at every build; its parent changes when it appears.
    let built = std::path::Path::new("../dashboards/dist").is_dir();
    let dashboard = if built { "../dashboards/dist" } else { "../dashboards" };
    println!("cargo:rerun-if-changed={dashboard}");
}

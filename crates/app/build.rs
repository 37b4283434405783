//! Compiles the windows.

fn main() {
    // Tests find elements by it; what is shipped needs none.
    let testable = std::env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let configuration = slint_build::CompilerConfiguration::new()
        .with_style("cupertino".to_owned())
        .with_debug_info(testable);
    if let Err(fault) = slint_build::compile_with_config("ui/app.slint", configuration) {
        println!("cargo::error={fault}");
    }
}

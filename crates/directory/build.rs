//! Makes sure that the folder of the portal's files exists, so that the server builds before it.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=migrations");
    std::fs::create_dir_all("../../web/dist")
}

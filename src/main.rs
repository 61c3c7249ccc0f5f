//! The browser's entry point: mounts the page.

fn main() {
    glassbroker::app::mount();
}

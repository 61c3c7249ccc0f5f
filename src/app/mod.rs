//! Yew components, pages, the player loop, and the browser's edges (canvas, storage, URL, messages).

mod address;
mod article;
mod browser;
mod editor;
mod fidelity;
mod figure;
mod goals;
mod header;
mod inspector;
mod introduction;
mod motion;
mod outline;
mod page;
mod player;
mod prose;
pub mod shared;
mod size;
mod speed;
pub mod stage_view;
mod tables_view;
mod transport;

use page::Page;

/// Mounts the page into `#app` and takes away `#fallback`, the static text that stands until the program runs.
///
/// Does nothing where there is no `#app`: the static text then stays.
pub fn mount() {
    let Some(document) = browser::document() else { return };
    let Some(root) = document.get_element_by_id("app") else { return };
    yew::Renderer::<Page>::with_root(root).render();
    if let Some(fallback) = document.get_element_by_id("fallback") {
        fallback.remove();
    }
}

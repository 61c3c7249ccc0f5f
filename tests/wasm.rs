//! Tests of the compiled program in a real browser; `scripts/test wasm` runs them.

#![cfg(target_arch = "wasm32")]

mod hash_support;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> web_sys::Document {
    web_sys::window().and_then(|window| window.document()).expect("the tests run in a page")
}

#[wasm_bindgen_test]
fn the_static_text_goes_only_when_the_page_can_be_mounted() {
    let body = document().body().expect("the page has a body");
    let fallback = document().create_element("main").expect("an element");
    fallback.set_id("fallback");
    body.append_child(&fallback).expect("the static text stands");

    glassbroker::app::mount();
    assert!(document().get_element_by_id("fallback").is_some(), "without a place to mount the text stays");

    let app = document().create_element("div").expect("an element");
    app.set_id("app");
    body.append_child(&app).expect("a place to mount");
    glassbroker::app::mount();
    assert!(document().get_element_by_id("fallback").is_none(), "the mounted page replaces the text");
}

#[wasm_bindgen_test]
fn runs_have_the_hashes_that_they_have_natively() {
    let expected = hash_support::expected();
    let played = hash_support::played();
    assert_eq!(played.len(), expected.len());
    for (played, expected) in played.iter().zip(&expected) {
        assert_eq!(played, expected);
    }
}

//! Text of the course: words that mean a thing light it up in the figure, and open the inspector.

use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::stage::Thing;

#[derive(Properties, PartialEq)]
pub struct ProseProps {
    pub class: AttrValue,
    pub on_hover: Callback<Option<Thing>>,
    pub on_select: Callback<Option<Thing>>,
    pub children: Html,
}

/// A part of the text, which listens for its words once instead of at each of them.
#[component]
pub fn Prose(props: &ProseProps) -> Html {
    let over = props.on_hover.reform(|event: MouseEvent| term_of(event.target()));
    let out = props.on_hover.reform(|_: MouseEvent| None);
    let focus = props.on_hover.reform(|event: FocusEvent| term_of(event.target()));
    let blur = props.on_hover.reform(|_: FocusEvent| None);
    let select = props.on_select.clone();
    let click = Callback::from(move |event: MouseEvent| {
        if let Some(thing) = term_of(event.target()) {
            select.emit(Some(thing));
        }
    });
    html! {
        <div class={classes!("prose", props.class.to_string())} onmouseover={over} onmouseout={out} onfocusin={focus}
            onfocusout={blur} onclick={click}>
            { props.children.clone() }
        </div>
    }
}

/// Text that the build has made from Markdown.
pub fn raw(html: &str) -> Html {
    Html::from_html_unchecked(AttrValue::from(html.to_string()))
}

/// The thing that a word of the text means.
fn term_of(target: Option<web_sys::EventTarget>) -> Option<Thing> {
    let element: web_sys::Element = target?.dyn_into().ok()?;
    element.closest("[data-thing]").ok()??.get_attribute("data-thing")?.parse().ok()
}

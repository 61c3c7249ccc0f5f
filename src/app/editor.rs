//! "Edit message": what the learner may change before running the example again.

use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::shared::Shared;
use crate::course::{Example, Parameters, PartitionWish};

#[derive(Properties, PartialEq)]
pub struct EditorProps {
    pub example: Shared<Example>,
    pub parameters: Shared<Parameters>,
    pub on_run: Callback<Parameters>,
    pub on_close: Callback<()>,
}

#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let draft = use_state(|| (*props.parameters).clone());
    let can = |name: &str| props.example.editable.iter().any(|field| field == name);
    let brokers = props.example.cluster.brokers.len();
    let errors = draft.check(brokers).err().unwrap_or_default();
    let error = |field: &str| errors.iter().find(|error| error.field == field).map(|error| error.message.clone());
    let edit = {
        let draft = draft.clone();
        move |change: fn(&mut Parameters, String)| {
            let draft = draft.clone();
            Callback::from(move |event: InputEvent| {
                let mut next = (*draft).clone();
                change(&mut next, value_of(&event));
                draft.set(next);
            })
        }
    };
    let run = {
        let (draft, on_run, valid) = (draft.clone(), props.on_run.clone(), errors.is_empty());
        Callback::from(move |()| {
            if valid {
                on_run.emit((*draft).clone());
            }
        })
    };
    let enter = {
        let run = run.clone();
        Callback::from(move |event: KeyboardEvent| {
            let field = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            if event.key() == "Enter" && !event.is_composing() && field.is_some() {
                run.emit(());
            }
        })
    };
    let run = run.reform(|_: MouseEvent| ());
    let restore = {
        let (draft, example) = (draft.clone(), props.example.clone());
        Callback::from(move |_: MouseEvent| draft.set(example.parameters.clone()))
    };
    let close = props.on_close.reform(|_: MouseEvent| ());
    html! {
        // No form element: a sandboxed frame may not submit one.
        <div class="editor" role="form" aria-label="What to run" onkeydown={enter}>
            if can("value") {
                <div class="wide">
                    <label>
                        <span>{ "Message" }</span>
                        <textarea rows="3" spellcheck="false" value={draft.value.clone()}
                            aria-invalid={invalid(&error("value"))} aria-describedby="value-wrong"
                            oninput={edit(|next, value| next.value = value)} />
                    </label>
                    { complaint("value-wrong", error("value")) }
                </div>
            }
            if can("wish") { { partition_field(&draft, error("wish")) } }
            if can("acks") {
                <label>
                    <span>{ "acks" }</span>
                    <select oninput={edit(|next, value| next.acks = value)}>
                        { for [("all", "all: every replica in sync"), ("1", "1: the leader alone"), ("0", "0: nobody")].map(|(value, text)| html! {
                            <option {value} selected={draft.acks == value}>{ text }</option>
                        }) }
                    </select>
                </label>
            }
            if can("replication_factor") {
                <div>
                    <label>
                        <span>{ "Replication factor" }</span>
                        <input type="number" min="1" max={brokers.to_string()} value={draft.replication_factor.to_string()}
                            aria-invalid={invalid(&error("replication_factor"))} aria-describedby="replication-factor-wrong"
                            oninput={edit(|next, value| next.replication_factor = value.parse().unwrap_or(0))} />
                    </label>
                    { complaint("replication-factor-wrong", error("replication_factor")) }
                </div>
            }
            if can("partitions") {
                <div>
                    <label>
                        <span>{ "Partitions" }</span>
                        <input type="number" min="1" max="6" value={draft.partitions.to_string()}
                            aria-invalid={invalid(&error("partitions"))} aria-describedby="partitions-wrong"
                            oninput={edit(|next, value| next.partitions = value.parse().unwrap_or(0))} />
                    </label>
                    { complaint("partitions-wrong", error("partitions")) }
                </div>
            }
            <div class="buttons">
                <button type="button" class="button primary" onclick={run} disabled={!errors.is_empty()}>{ "Run it" }</button>
                <button type="button" class="button" onclick={restore}>{ "As in the lesson" }</button>
                <button type="button" class="button" onclick={close}>{ "Close" }</button>
            </div>
        </div>
    }
}

fn value_of(event: &InputEvent) -> String {
    let target = event.target();
    let target = target.as_ref();
    if let Some(input) = target.and_then(|target| target.dyn_ref::<web_sys::HtmlInputElement>()) {
        return input.value();
    }
    if let Some(area) = target.and_then(|target| target.dyn_ref::<web_sys::HtmlTextAreaElement>()) {
        return area.value();
    }
    target
        .and_then(|target| target.dyn_ref::<web_sys::HtmlSelectElement>())
        .map(|select| select.value())
        .unwrap_or_default()
}

fn invalid(error: &Option<String>) -> Option<&'static str> {
    error.is_some().then_some("true")
}

/// What is wrong with a field; the field names it as its description by `id`.
fn complaint(id: &'static str, message: Option<String>) -> Html {
    html! { if let Some(message) = message { <em {id} class="complaint" role="alert">{ message }</em> } }
}

/// None, a key or a number; for a key the arithmetic that leads to its partition.
fn partition_field(draft: &UseStateHandle<Parameters>, error: Option<String>) -> Html {
    let choose = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let mut next = (*draft).clone();
            next.wish = match value_of(&event).as_str() {
                "key" => PartitionWish::Key("123".into()),
                "number" => PartitionWish::Number(0),
                _ => PartitionWish::Automatic,
            };
            draft.set(next);
        })
    };
    let fill = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let mut next = (*draft).clone();
            let value = value_of(&event);
            next.wish = match &next.wish {
                PartitionWish::Key(_) => PartitionWish::Key(value),
                PartitionWish::Number(_) => PartitionWish::Number(value.parse().unwrap_or(-1)),
                PartitionWish::Automatic => PartitionWish::Automatic,
            };
            draft.set(next);
        })
    };
    let arithmetic = draft.key_arithmetic();
    html! {
        <fieldset class="wide">
            <legend>{ "Partition" }</legend>
            <select oninput={choose} aria-label="How the partition is chosen">
                <option value="automatic" selected={draft.wish == PartitionWish::Automatic}>{ "automatic: no key" }</option>
                <option value="key" selected={draft.key().is_some()}>{ "by a key" }</option>
                <option value="number" selected={draft.number().is_some()}>{ "by its number" }</option>
            </select>
            { match &draft.wish {
                PartitionWish::Automatic => html! {},
                PartitionWish::Key(key) => html! {
                    <input type="text" value={key.clone()} oninput={fill} aria-label="Key"
                        aria-invalid={invalid(&error)} aria-describedby="wish-wrong" />
                },
                PartitionWish::Number(number) => html! {
                    <input type="number" min="0" value={number.to_string()} oninput={fill} aria-label="Partition number"
                        aria-invalid={invalid(&error)} aria-describedby="wish-wrong" />
                },
            } }
            if let Some(sum) = arithmetic {
                <p class="arithmetic">
                    { format!("murmur2 = {}; without its sign bit {}; {} mod {} = ", sum.hash, sum.positive, sum.positive, sum.partition_count) }
                    <b>{ format!("partition {}", sum.partition) }</b>
                </p>
            }
            { complaint("wish-wrong", error) }
        </fieldset>
    }
}

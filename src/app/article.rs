//! The text beside the figure: the module's words, its examples with their parts, what came out, and why.

use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::shared::Shared;
use crate::course::measured::{Measured, duration_text};
use crate::course::{Example, Idea, Module, Parameters};
use crate::stage::Thing;

#[derive(Properties, PartialEq)]
pub struct ArticleProps {
    pub module: Shared<Module>,
    pub example: Shared<Example>,
    pub parameters: Shared<Parameters>,
    pub idea: Option<Shared<Idea>>,
    pub completed: Shared<Vec<String>>,
    pub on_example: Callback<String>,
    pub on_hover: Callback<Option<Thing>>,
    pub on_select: Callback<Option<Thing>>,
}

#[derive(Properties, PartialEq)]
pub struct PlainArticleProps {
    pub example: Shared<Example>,
}

#[component]
pub fn Article(props: &ArticleProps) -> Html {
    let module = &props.module;
    let (over, out, click) = (
        props.on_hover.reform(|event: MouseEvent| term_of(event.target())),
        props.on_hover.reform(|_: MouseEvent| None),
        props.on_select.clone(),
    );
    let focus = props.on_hover.reform(|event: FocusEvent| term_of(event.target()));
    let blur = props.on_hover.reform(|_: FocusEvent| None);
    let click = Callback::from(move |event: MouseEvent| {
        if let Some(thing) = term_of(event.target()) {
            click.emit(Some(thing));
        }
    });
    let count = module.example_titles.len();
    html! {
        <article onmouseover={over} onmouseout={out} onfocusin={focus} onfocusout={blur} onclick={click}>
            <h1>{ &module.title }</h1>
            <p class="meta">{ format!("Module {} · {} minutes · {count} examples · {}", module.number, module.minutes, module.level) }</p>
            { raw(&module.html) }
            { for module.examples.iter().map(|example| {
                if example.id == props.example.id { open_example(props) } else { closed_example(props, example) }
            }) }
            { raw(&module.closing_html) }
        </article>
    }
}

/// The text beside a figure that belongs to no module.
#[component]
pub fn PlainArticle(props: &PlainArticleProps) -> Html {
    html! { <article><h1>{ &props.example.title }</h1>{ raw(&props.example.html) }</article> }
}

/// Text of the course, which the build has made from Markdown.
pub fn raw(html: &str) -> Html {
    Html::from_html_unchecked(AttrValue::from(html.to_string()))
}

/// The thing that a word of the text means.
fn term_of(target: Option<web_sys::EventTarget>) -> Option<Thing> {
    let element: web_sys::Element = target?.dyn_into().ok()?;
    element.closest("[data-thing]").ok()??.get_attribute("data-thing")?.parse().ok()
}

fn heading(example: &Example, completed: &[String]) -> Html {
    html! {
        <h2>
            { format!("Example {}: {}", example.number, example.title) }
            if completed.contains(&example.id) { <span class="done" title="All goals reached">{ " ✓ completed" }</span> }
        </h2>
    }
}

fn closed_example(props: &ArticleProps, example: &Example) -> Html {
    let id = example.id.clone();
    let open = props.on_example.reform(move |_: MouseEvent| id.clone());
    html! {
        <section class="example closed">
            { heading(example, &props.completed.0) }
            { raw(&example.html) }
            <button type="button" class="button" onclick={open}>{ format!("Open example {}", example.number) }</button>
        </section>
    }
}

fn open_example(props: &ArticleProps) -> Html {
    let example = &props.example;
    html! {
        <section class="example">
            { heading(example, &props.completed.0) }
            { raw(&example.html) }
            if example.editable.iter().any(|field| field == "value") {
                <pre class="message"><code>{ &props.parameters.value }</code></pre>
            }
            { parts(props) }
            { output(props) }
            <h3>{ "Why it is so" }</h3>
            { raw(&example.explanation_html) }
        </section>
    }
}

fn parts(props: &ArticleProps) -> Html {
    let idea = props.idea.as_deref();
    let now = idea.map_or(0, |idea| idea.part);
    html! {
        <ol class="parts">
            { for props.example.parts.iter().zip(1..).map(|(part, number)| {
                let ticked = |id: &String| idea.is_some_and(|idea| idea.ticked.contains(id));
                let done = part.steps.iter().all(|step| ticked(&step.id));
                let here = number == now;
                html! {
                    <li class={classes!(done.then_some("done"), here.then_some("now"))} aria-current={here.then_some("step")}>
                        <span class="n" aria-hidden="true">{ if done && !here { "✓".to_string() } else { number.to_string() } }</span>
                        <b>{ &part.title }</b>
                        <ul>
                            { for part.steps.iter().map(|step| {
                                let just = idea.is_some_and(|idea| idea.ticks.as_ref() == Some(&step.id));
                                let class = classes!(ticked(&step.id).then_some("ok"), just.then_some("just"));
                                html! {
                                    <li {class}>
                                        { raw(&step.text) }
                                        if ticked(&step.id) { <span class="sr-only">{ " (done)" }</span> }
                                    </li>
                                }
                            }) }
                        </ul>
                    </li>
                }
            }) }
        </ol>
    }
}

/// Expected output: what happened to this record, with what the run measured.
fn output(props: &ArticleProps) -> Html {
    let Some(idea) = props.idea.as_deref() else { return html! {} };
    let measured = &idea.measured;
    if measured.sent.is_none() {
        return html! {
            <>
                <h3>{ "Expected output" }</h3>
                <p class="quiet">{ "Go on: as soon as the message is sent, its times stand here." }</p>
            </>
        };
    }
    html! {
        <>
            <h3>{ "Expected output" }</h3>
            <p class="quiet">{ where_it_is(measured) }</p>
            <table class="measured">
                <caption class="sr-only">{ "What happened to the message, and when, counted from send()" }</caption>
                <thead><tr><th scope="col">{ "What" }</th><th scope="col">{ "After send()" }</th></tr></thead>
                <tbody>
                    { for measured.lines().into_iter().map(|(what, us)| html! {
                        <tr class={classes!(us.is_none().then_some("open"))}>
                            <th scope="row">{ what }</th>
                            <td>{ us.map_or_else(|| "not yet".to_string(), duration_text) }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
            { honest(measured, &props.parameters) }
        </>
    }
}

fn where_it_is(measured: &Measured) -> String {
    match (&measured.partition, measured.offset) {
        (Some(partition), Some(offset)) => {
            format!("Topic {}, partition {}, offset {offset}.", partition.topic, partition.partition)
        }
        (Some(partition), None) => {
            format!("Topic {}, partition {}; no offset yet.", partition.topic, partition.partition)
        }
        _ => "No partition yet.".to_string(),
    }
}

/// When "sub-millisecond" is true and when it is not, from the run's own numbers.
fn honest(measured: &Measured, parameters: &Parameters) -> Html {
    let since = |moment, from: Option<crate::kafka::ids::SimTime>| match (moment, from) {
        (Some(moment), Some(from)) => Some(crate::kafka::ids::SimTime::since(moment, from)),
        _ => None,
    };
    let (Some(departed), Some(acknowledged)) =
        (since(measured.departed, measured.sent), since(measured.acknowledged, measured.departed))
    else {
        return html! {};
    };
    let append = since(measured.appended, measured.departed);
    let waiting = duration_text(departed);
    let answer = duration_text(acknowledged);
    let text = match parameters.acks.as_str() {
        "0" => format!(
            "Kafka is often called sub-millisecond. Here the message waited {waiting} in the producer, mostly for linger.ms and for metadata; with acks=0 nothing was waited for after that, and nothing was promised."
        ),
        acks => format!(
            "Kafka is often called sub-millisecond. Here that is true of the way to the leader's log{}; the message first waited {waiting} in the producer, mostly for linger.ms and for metadata, and the answer to acks={acks} took another {answer}, because it is {}.",
            append.map(|us| format!(" ({})", duration_text(us))).unwrap_or_default(),
            if acks == "all" && parameters.replication_factor > 1 {
                "two round trips of the followers and one of the producer"
            } else {
                "one round trip of the producer"
            },
        ),
    };
    html! { <p class="honest">{ text }{ " Delays of network and machines are assumed, typical of one data centre; all else follows from Kafka's rules." }</p> }
}

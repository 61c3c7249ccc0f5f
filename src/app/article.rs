//! The text beside the figure, after its introduction: the example's parts, what came out, and why.

use yew::prelude::*;

use super::prose::raw;
use super::shared::Shared;
use crate::course::measured::{Measured, duration_text};
use crate::course::{Example, Idea, Module, Parameters};

#[derive(Properties, PartialEq)]
pub struct ArticleProps {
    pub module: Shared<Module>,
    pub example: Shared<Example>,
    pub parameters: Shared<Parameters>,
    pub idea: Option<Shared<Idea>>,
    pub on_example: Callback<String>,
}

#[component]
pub fn Article(props: &ArticleProps) -> Html {
    let next = props.module.examples.iter().find(|example| example.number == props.example.number + 1);
    html! {
        <>
            <h3>{ "Step by step" }</h3>
            { parts(props) }
            { output(props) }
            <h3>{ "Why it is so" }</h3>
            { raw(&props.example.explanation_html) }
            if let Some(next) = next { { on_to(next, &props.on_example) } }
            { raw(&props.module.closing_html) }
        </>
    }
}

fn on_to(next: &Example, on_example: &Callback<String>) -> Html {
    let id = next.id.clone();
    let open = on_example.reform(move |_: MouseEvent| id.clone());
    html! {
        <p>
            <button type="button" class="button primary" onclick={open}>
                { format!("On to example {}: {}", next.number, next.title) }
            </button>
        </p>
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

//! The figure: what is set, the picture, the sentence, a question, the transport, the flow map, acts and goals.

use yew::prelude::*;

use super::shared::Shared;
use crate::course::flow::{Flow, FlowState};
use crate::course::goal::Verdict;
use crate::course::model::Prediction;
use crate::course::{Answered, Example, Parameters};

#[derive(Properties, PartialEq)]
pub struct FigureHeadProps {
    pub parameters: Shared<Parameters>,
    /// Part now, and how many there are.
    pub part: (u32, usize),
    pub can_edit: bool,
    pub editing: bool,
    pub on_edit: Callback<()>,
    pub on_reset: Callback<()>,
}

/// What is set, in chips.
#[component]
pub fn FigureHead(props: &FigureHeadProps) -> Html {
    let parameters = &props.parameters;
    let edit = props.on_edit.reform(|_: MouseEvent| ());
    let reset = props.on_reset.reform(|_: MouseEvent| ());
    let (part, parts) = props.part;
    let place = if part == 0 { "Before it begins".to_string() } else { format!("Part {part} of {parts}") };
    let way = match (parameters.key_arithmetic(), parameters.number()) {
        (Some(key), _) => Some(format!("key {} → partition {}", parameters.key().unwrap_or_default(), key.partition)),
        (None, Some(number)) => Some(format!("partition {number}, by number")),
        (None, None) => None,
    };
    html! {
        <div class="figure-head">
            <b>{ place }</b>
            <span class="chip">{ "acks " }<em>{ &parameters.acks }</em></span>
            <span class="chip">{ "replication " }<em>{ parameters.replication_factor }</em></span>
            <span class="chip">{ "partitions " }<em>{ parameters.partitions }</em></span>
            if let Some(way) = way { <span class="chip">{ way }</span> }
            <span class="grow" />
            <button type="button" class="button" onclick={reset} title="Everything as at the beginning of this run">{ "Start over" }</button>
            if props.can_edit {
                <button type="button" class="button" onclick={edit} aria-expanded={props.editing.to_string()}>{ "Edit message" }</button>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct FlowMapProps {
    pub flow: Shared<Flow>,
}

/// The complete flow: Producer → Topic → Broker → Consumer, each with two stations that light up.
#[component]
pub fn FlowMap(props: &FlowMapProps) -> Html {
    let flow = &props.flow;
    let topic =
        flow.partition.as_ref().map(|partition| format!("partition {}", partition.partition)).unwrap_or_default();
    let columns = [
        ("Producer", String::new(), [("Message", flow.message), ("Ack", flow.ack)]),
        ("Topic", topic, [("Persistence", flow.persistence), ("Disk", flow.disk)]),
        ("Broker", String::new(), [("Replication", flow.replication), ("Replicas", flow.replicas)]),
        ("Consumer", String::new(), [("Processing", flow.processing), ("Offset commit", flow.offset_commit)]),
    ];
    html! {
        <ol class="flow" aria-label="The complete flow">
            { for columns.into_iter().map(|(name, detail, stations)| html! {
                <li>
                    <div class="flow-head"><b>{ name }</b>{ " " }<i>{ detail }</i></div>
                    { for stations.into_iter().map(|(station, state)| station_view(station, state)) }
                </li>
            }) }
        </ol>
    }
}

fn station_view(name: &'static str, state: FlowState) -> Html {
    let (class, word) = match state {
        FlowState::Waiting => ("waiting", "not yet"),
        FlowState::Now => ("now", "now"),
        FlowState::Done => ("done", "done"),
    };
    // The disk is never "done" by itself: Kafka leaves the flush to the operating system.
    let (note, title) = match (name, state) {
        ("Disk", FlowState::Now) => {
            (" in page cache", "Kafka does not flush each write; the operating system does it later.")
        }
        _ => ("", ""),
    };
    html! {
        <div class={classes!("station", class)} title={title}>
            { name }<span class="quiet">{ note }</span><span class="sr-only">{ format!(" ({word})") }</span>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct QuestionProps {
    pub index: usize,
    pub prediction: Shared<Prediction>,
    pub on_answer: Callback<(usize, String)>,
    pub on_skip: Callback<usize>,
}

/// A prediction that waits for an answer.
#[component]
pub fn Question(props: &QuestionProps) -> Html {
    let index = props.index;
    let skip = props.on_skip.reform(move |_: MouseEvent| index);
    html! {
        <section class="question" aria-label="What do you think?">
            <p><b>{ "What do you think? " }</b>{ &props.prediction.question }</p>
            <div class="choices">
                { for props.prediction.choices.iter().map(|choice| {
                    let id = choice.id.clone();
                    let answer = props.on_answer.reform(move |_: MouseEvent| (index, id.clone()));
                    html! { <button type="button" class="button" onclick={answer}>{ &choice.text }</button> }
                }) }
                <button type="button" class="link" onclick={skip}>{ "Skip" }</button>
            </div>
            if props.prediction.in_figure {
                <p class="quiet">{ "You may also click the broker in the picture." }</p>
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
pub struct VerdictOnAnswerProps {
    pub prediction: Shared<Prediction>,
    pub answered: Shared<Answered>,
}

/// What the run says of an answer.
#[component]
pub fn VerdictOnAnswer(props: &VerdictOnAnswerProps) -> Html {
    let text = |id: &str| {
        props
            .prediction
            .choices
            .iter()
            .find(|choice| choice.id == id)
            .map(|choice| choice.text.clone())
            .unwrap_or_default()
    };
    let answered = &props.answered;
    html! {
        <p class={classes!("answered", if answered.right { "right" } else { "wrong" })} role="status">
            if answered.right {
                <b>{ "You were right: " }</b>{ text(&answered.choice) }{ ". Go on and see." }
            } else {
                <b>{ "Not quite. " }</b>{ answered.why_not.clone() }{ " In this run it is: " }<b>{ text(&answered.right_choice) }</b>{ "." }
            }
        </p>
    }
}

/// An act and why it cannot be done now, if so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActState {
    pub id: String,
    pub label: String,
    pub help: String,
    pub why_not: Option<String>,
}

#[derive(Properties, PartialEq)]
pub struct ActsProps {
    pub acts: Shared<Vec<ActState>>,
    pub on_act: Callback<String>,
}

/// What the learner can do with one click.
#[component]
pub fn Acts(props: &ActsProps) -> Html {
    if props.acts.0.is_empty() {
        return html! {};
    }
    html! {
        <div class="acts" role="group" aria-label="Break and mend">
            { for props.acts.0.iter().map(|act| {
                let id = act.id.clone();
                let go = props.on_act.reform(move |_: MouseEvent| id.clone());
                let title = act.why_not.as_ref().map_or_else(|| act.help.clone(), |why| format!("Not now: {why}"));
                html! {
                    <button type="button" class="button" onclick={go} disabled={act.why_not.is_some()} {title}>{ &act.label }</button>
                }
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct GoalsProps {
    pub example: Shared<Example>,
    /// Goals reached in this or an earlier run.
    pub reached: Shared<Vec<bool>>,
    pub verdicts: Shared<Vec<Verdict>>,
}

/// The goals, how they stand, and a hint for those who want one.
#[component]
pub fn Goals(props: &GoalsProps) -> Html {
    if props.example.goals.is_empty() {
        return html! {};
    }
    html! {
        <section class="goals" aria-label="Goals">
            <h3>{ if props.example.goals.len() == 1 { "Your goal" } else { "Your goals" } }</h3>
            <ul>
                { for props.example.goals.iter().enumerate().map(|(index, goal)| {
                    let reached = props.reached.0.get(index).copied().unwrap_or(false);
                    let verdict = props.verdicts.0.get(index);
                    html! {
                        <li class={classes!(reached.then_some("reached"))}>
                            <span aria-hidden="true">{ if reached { "✓" } else { "○" } }</span>
                            <div>
                                <p>{ &goal.text }<span class="sr-only">{ if reached { " (reached)" } else { " (not yet)" } }</span></p>
                                if let Some(verdict) = verdict {
                                    <p class="quiet">{ &verdict.why }</p>
                                }
                                if !reached {
                                    <details><summary>{ "A hint" }</summary><p>{ &goal.hint }</p></details>
                                }
                            </div>
                        </li>
                    }
                }) }
            </ul>
        </section>
    }
}
